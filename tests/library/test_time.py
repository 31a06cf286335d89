"""Dates and times: the clock, text, zones, parts, numbers."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodeflow as nf
from nodeflow.library import flow, time
from nodeflow.library.dotnet_dates import format_moment, read_moment
from nodeflow.services import Clock
from nodeflow.testing import try_node

NOON = datetime(2026, 2, 28, 12, tzinfo=UTC)
PLAIN = datetime(2026, 2, 28, 15, 4, 5, 678000)

zones = st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC", "+02:00", "-09:30"])
aware = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC))


class Stopped(Clock):
    def __init__(self, moment: datetime = NOON) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


class Ticking(Clock):
    def __init__(self) -> None:
        self.count = 0

    def now(self) -> datetime:
        self.count += 1
        return NOON + timedelta(seconds=self.count)


# --- the clock ----------------------------------------------------------------------------------------


def test_now_is_what_the_host_says_in_the_zone_asked_for() -> None:
    assert try_node(time.now, services=[Stopped()]).result == NOON
    there = try_node(time.now, zone="Asia/Tokyo", services=[Stopped()]).result
    assert there.isoformat() == "2026-02-28T21:00:00+09:00"
    assert try_node(time.now, zone="local", services=[Stopped()]).result == NOON
    assert try_node(time.today, zone="+14:00", services=[Stopped()]).result == date(2026, 3, 1)


def test_without_a_service_it_is_the_host_s_own_clock() -> None:
    before = datetime.now(UTC)
    found = try_node(time.now).result
    assert before <= found <= datetime.now(UTC)
    assert found.tzinfo is UTC


def test_each_pull_asks_the_clock_anew() -> None:
    wf = nf.Workflow("main")
    clock, say, again = wf.add(time.now), wf.add(flow.print), wf.add(flow.print, id="again")
    wf.add(flow.start) >> say >> again
    clock.result >> say.value
    clock.result >> again.value
    printed = list(nf.run_sync(wf, services=[Ticking()]).printed)
    assert printed == ["2026-02-28T12:00:01+00:00", "2026-02-28T12:00:02+00:00"]
    assert time.now.volatile
    assert time.today.volatile


def test_a_clock_that_says_no_zone_is_an_error() -> None:
    with pytest.raises(ValueError, match="in no time zone"):
        try_node(time.now, services=[Stopped(datetime(2026, 1, 1))])


@pytest.mark.parametrize(
    ("zone", "message"),
    [
        ("Europe/Berln", "did you mean 'Europe/Berlin'"), ("Mars", "zones are named such as"),
        ("", "unknown time zone ''"),
        ("Europe", "unknown time zone"), ("../../etc/passwd", "unknown time zone"),
        ("/etc/passwd", "unknown time zone"),
        ("+99:00", "unknown time zone"), ("a\0b", "unknown time zone"), ("x" * 5000, "unknown time zone"),
    ],
)  # fmt: skip
def test_an_unknown_zone_is_named(zone: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        time.in_zone(NOON, zone)
    assert len(str(caught.value)) < 250


def test_a_host_without_zones_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoneinfo, "available_timezones", set)
    with pytest.raises(ValueError, match=r"nodeflow-trio\[timezones\]"):
        time.in_zone(NOON, "Europe/Nowhere")


# --- text ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "format", "zone", "expected"),
    [
        ("2026-02-28", "", "", datetime(2026, 2, 28)),
        ("2026-02-28T12:00Z", "", "Europe/Berlin", NOON),
        ("2026-02-28 13:00", "", "Europe/Berlin", NOON),
        ("20260228T120000", "", "UTC", NOON),
        ("28.2.26 12 Uhr", "%d.%m.%y %H Uhr", "UTC", NOON),
        ("12 PM +0100 2026 60", "%I %p %z %Y %j", "", datetime(2026, 3, 1, 11, tzinfo=UTC)),
        ("Sat Feb 28 2026", "%a %b %d %Y", "", datetime(2026, 2, 28)),
        ("100%", "%y0%%", "", datetime(2010, 1, 1)),
    ],
)  # fmt: skip
def test_parse(text: str, format: str, zone: str, expected: datetime) -> None:
    found = time.parse(text, format, zone)
    assert found == expected
    assert (found.tzinfo is None) == (expected.tzinfo is None)


@pytest.mark.parametrize(
    ("text", "format", "message"),
    [
        ("", "", "is not a date and time as in ISO 8601"), ("soon", "", "`time.parse` reads others"),
        ("2026-02-30", "", "is not a date"), ("2026-13-01T00:00", "", "is not a date"), ("x" * 300, "", "too long"),
        ("1", "%q", "'%q' stands for nothing"), ("1", "%", "'%' stands for nothing"), ("1", "%d%d", "in the form"),
        ("1", "x" * 201, "at most 200"), ("x" * 201, "%d", "too long"), ("soon", "%d", "in the form '%d'"),
    ],
)  # fmt: skip
def test_what_is_not_parsed(text: str, format: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        time.parse(text, format)


@given(st.datetimes(), st.sampled_from(["%Y-%m-%d %H:%M:%S.%f", "%d/%m/%Y %I:%M:%S.%f %p", "%j %Y %H%M%S%f"]))
def test_what_is_formatted_is_parsed_back(moment: datetime, format: str) -> None:
    assert time.parse(time.format(moment, format), format) == moment


def test_format() -> None:
    assert time.format(PLAIN) == "2026-02-28 15:04:05"
    assert time.format("2026-02-28", "%A, %d %B %Y: %j") == "Saturday, 28 February 2026: 059"
    assert time.format(date(2026, 2, 28), "%d.%m.") == "28.02."
    assert time.format(datetime(5, 1, 1), "%Y-%m-%d é%%Y") == "0005-01-01 é%Y"
    assert time.format(PLAIN, "") == ""
    assert time.format(PLAIN.replace(tzinfo=UTC), "%z %Z") == "+0000 UTC"


@pytest.mark.parametrize("format", ["%s", "%Q", "%", "%10Y", "%-d", "x" * 201, "%1000000000d"])
def test_what_is_no_format_of_a_date(format: str) -> None:
    with pytest.raises(ValueError, match="format"):
        time.format(PLAIN, format)


def test_a_text_that_is_no_date_fails_or_stays() -> None:
    with pytest.raises(ValueError, match="'soon' is not a date"):
        time.format("soon")
    for style in ("strftime", "dotnet"):
        assert time.format("soon", style=style, on_failure="unchanged") == "soon"
    with pytest.raises(ValueError, match="`on_failure` must be"):
        time.format(PLAIN, on_failure="zero")
    with pytest.raises(ValueError, match="`style` must be"):
        time.format(PLAIN, style="iso")


def test_a_number_is_no_date() -> None:
    with pytest.raises(ValueError, match="'3' is not a date and time"):  # as any text that is none
        try_node(time.format, value=3)
    with pytest.raises(nf.WiringError, match="does not fit datetime"):
        try_node(time.format, value=["2026-02-28"])


# --- formats as .NET has them -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("yyyy-MM-dd HH:mm:ss", "2026-02-28 15:04:05"), ("o", "2026-02-28T15:04:05.6780000"),
        ("s", "2026-02-28T15:04:05"),
        ("d", "02/28/2026"), ("D", "Saturday, 28 February 2026"), ("g", "02/28/2026 15:04"),
        ("G", "02/28/2026 15:04:05"),
        ("t", "15:04"), ("T", "15:04:05"), ("M", "February 28"), ("y", "2026 February"), ("", "02/28/2026 15:04:05"),
        ("R", "Sat, 28 Feb 2026 15:04:05 GMT"), ("u", "2026-02-28 15:04:05Z"), ("dd.MM.yy", "28.02.26"),
        ("h:mm tt", "3:04 PM"), ("hh 'o''clock' t", "03 oclock P"), ("HH\\h", "15h"), ("%d", "28"), ("%m", "4"),
        ("fff", "678"), ("ss.FFFFFFF", "05.678"), ("ddd MMM", "Sat Feb"), ("yyyyMMddHHmmss", "20260228150405"),
        ("H-m-s", "15-4-5"), ("yyy", "2026"), ("yyyyyy", "002026"), ("K", None), ("zzz", "+00:00"),
        ('"at" HH', "at 15"),
        ("dddd, d MMMM", "Saturday, 28 February"), ("%y", "26"), ("gg", "A.D."), ("%h/", "3/"), ("Q!", "Q!"),
    ],
)  # fmt: skip
def test_formats_of_dotnet(spec: str, text: str | None) -> None:
    if text is None:
        with pytest.raises(ValueError, match="no format for a date"):
            time.format(PLAIN, spec, style="dotnet")
    else:
        assert time.format(PLAIN, spec, style="dotnet") == text


def test_zones_in_formats_of_dotnet() -> None:
    moment = PLAIN.replace(tzinfo=timezone(timedelta(hours=-3, minutes=-30)))
    assert format_moment(moment, "o") == "2026-02-28T15:04:05.6780000-03:30"
    assert format_moment(moment, "zzz zz %z") == "-03:30 -03 -3"
    assert format_moment(moment, "R") == "Sat, 28 Feb 2026 18:34:05 GMT"
    assert format_moment(PLAIN.replace(tzinfo=UTC), "o") == "2026-02-28T15:04:05.6780000Z"
    assert format_moment(PLAIN.replace(tzinfo=zoneinfo.ZoneInfo("UTC")), "ssK") == "05Z"
    assert format_moment(PLAIN.replace(tzinfo=zoneinfo.ZoneInfo("Europe/London")), "ssK") == "05+00:00"
    assert format_moment(datetime(2026, 1, 1), "ss.FFF") == "00"


@pytest.mark.parametrize("spec", ["x", "%", "'a", "yyyy\\", "ffffffff", "y" * 201, "%%"])
def test_what_is_no_format_of_dotnet(spec: str) -> None:
    with pytest.raises(ValueError, match="format"):
        format_moment(PLAIN, spec)


@given(st.datetimes(), st.text("yMdHhmsfFtzKg:/.,-T'\"\\% x", max_size=10))
def test_any_format_of_dotnet_gives_text_or_says_why_not(moment: datetime, spec: str) -> None:
    try:
        text = format_moment(moment, spec)
    except ValueError as error:
        assert "format" in str(error)  # noqa: PT017
    else:
        assert len(text) < 500


@given(st.datetimes(timezones=st.none() | st.just(UTC)))
def test_the_round_trip_format_is_read_back(moment: datetime) -> None:
    text = format_moment(moment, "o")
    assert read_moment(text) == moment
    assert datetime.fromisoformat(text) == moment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-28T12:00:00.0000000Z", NOON), ("2026-02-28", datetime(2026, 2, 28)),
        ("02/28/2026", datetime(2026, 2, 28)), ("2/8/2026 1:02:03 PM", datetime(2026, 2, 8, 13, 2, 3)),
        ("2026/02/28 12:00", datetime(2026, 2, 28, 12)), ("28 Feb 2026", datetime(2026, 2, 28)),
        ("February 28, 2026 3:04 AM", datetime(2026, 2, 28, 3, 4)), ("Sat, 28 Feb 2026 12:00:00 GMT", NOON),
        ("Saturday, 28 February 2026", datetime(2026, 2, 28)),
        ("02/28/2026 15:04:05.5", datetime(2026, 2, 28, 15, 4, 5, 500000)),
        ("  2026-02-28   12:00 ", datetime(2026, 2, 28, 12)),
    ],
)  # fmt: skip
def test_texts_that_dotnet_reads(text: str, expected: datetime) -> None:
    found = read_moment(text)
    assert found == expected
    assert (found.tzinfo is None) == (expected.tzinfo is None)


@given(st.text(max_size=20) | st.text("0123456789/:-. APMGTFeb", max_size=30))
def test_any_text_is_a_date_or_none(text: str) -> None:
    try:
        assert isinstance(read_moment(text), datetime)
    except ValueError as error:
        assert "is not a date and time" in str(error)  # noqa: PT017


@pytest.mark.parametrize("text", ["", "soon", "2026", "20260228", "31/12/2026", "12:00", "x" * 300])
def test_texts_that_are_no_dates_there(text: str) -> None:
    with pytest.raises(ValueError):
        read_moment(text)


# --- zones, parts, numbers ----------------------------------------------------------------------------


@given(aware, zones)
def test_another_zone_is_the_same_moment(moment: datetime, zone: str) -> None:
    there = time.in_zone(moment, zone)
    assert there == moment
    assert time.timestamp(there) == time.timestamp(moment)


def test_a_time_without_a_zone_is_in_none() -> None:
    with pytest.raises(ValueError, match="has no time zone; `assume` says"):
        time.in_zone(PLAIN, "UTC")
    assert time.in_zone("2026-07-01T12:00", "UTC", assume="Europe/Berlin").isoformat() == "2026-07-01T10:00:00+00:00"
    assert time.in_zone(NOON, "UTC", assume="Europe/Berlin") == NOON
    with pytest.raises(ValueError, match="has no time zone, so it has no timestamp"):
        time.timestamp(PLAIN)


def test_the_ends_of_time() -> None:
    with pytest.raises(OverflowError, match="years 1 to 9999"):
        time.in_zone(datetime.max.replace(tzinfo=UTC), "+14:00")
    with pytest.raises(OverflowError, match="years 1 to 9999"):
        time.in_zone(datetime.min, "local", assume="+14:00")
    with pytest.raises(OverflowError, match="years 1 to 9999"):
        time.from_timestamp(1e15)
    with pytest.raises(ValueError, match="no number of seconds"):
        time.from_timestamp(float("nan"))


@given(st.datetimes())
def test_parts_and_back(moment: datetime) -> None:
    found = time.parts(moment)
    assert time.from_parts(*found[:7]) == moment
    assert tuple(moment.isocalendar())[1:] == (found.week, found.weekday)
    assert moment.strftime("%j") == f"{found.day_of_year:03}"


def test_parts_of_what_is_no_date() -> None:
    assert time.parts("soon", on_failure="zero") == (0,) * 10
    with pytest.raises(ValueError, match="'soon' is not a date"):
        time.parts("soon")
    assert time.parts("02/28/2026 3 PM", style="dotnet", on_failure="zero").year == 0
    assert time.parts("02/28/2026", style="dotnet").day == 28
    assert try_node(time.parts, value="2026-02-28T01:02:03").outputs["minute"] == 2


@pytest.mark.parametrize("wrong", [(2026, 2, 30), (2026, 13), (0,), (10_000,), (2026, 1, 1, 24), (10**30,), (2026, -1)])
def test_parts_of_no_time(wrong: Any) -> None:
    with pytest.raises(ValueError, match="there is no such time"):
        time.from_parts(*wrong)


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)))
def test_timestamps_and_back(moment: datetime) -> None:
    assert abs(time.from_timestamp(time.timestamp(moment)) - moment) < timedelta(milliseconds=1)
    assert time.timestamp(moment, unit="milliseconds") == pytest.approx(time.timestamp(moment) * 1000, abs=0.1)
    assert time.timestamp(moment) == moment.timestamp()


def test_a_timestamp_in_a_zone() -> None:
    assert time.from_timestamp(0, zone="Asia/Tokyo").isoformat() == "1970-01-01T09:00:00+09:00"
    assert time.from_timestamp(-1).isoformat() == "1969-12-31T23:59:59+00:00"
    with pytest.raises(ValueError, match="`unit` must be"):
        time.from_timestamp(0, unit="days")


@given(st.dates())
def test_weekday(day: date) -> None:
    found = time.weekday(day)
    assert found == (day.isoweekday(), day.strftime("%A"))


def test_literals_of_files_are_dates_here() -> None:
    text = """{"nodeflow": 1, "workflows": {"main": {"outputs": {"day": {"type": "date"}, "text": {"type": "text"}},
      "inputs": {"due": {"type": "date", "default": "2026-02-28"}, "late": {"type": "duration", "default": "P1D"}},
      "nodes": {"s": {"type": "flow.start"}, "add": {"type": "time.add"}, "out": {"type": "flow.set_output"}},
      "connections": [{"from": "s.exit", "to": "out.enter"}, {"from": "inputs.due", "to": "add.value"},
        {"from": "inputs.late", "to": "add.duration"}, {"from": "add.result", "to": "out.day"},
        {"from": "inputs.late", "to": "out.text"}]}}}"""
    assert nf.run_sync(nf.loads(text)).outputs == {"day": date(2026, 3, 1), "text": "P1D"}
    assert nf.run_sync(nf.loads(text), inputs={"due": "2024-02-28", "late": 86400}).outputs["day"] == date(2024, 2, 29)
