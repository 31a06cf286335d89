"""Files below one folder: what they do, and that no path leads out of it."""

import os
import socket
import stat
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given as whatever
from hypothesis import strategies as st

import nodeflow as nf
from nodeflow.library import confined, files, flow
from nodeflow.services import Files, NotGranted
from nodeflow.testing import try_node

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="files are granted on POSIX systems only")

READING = (files.read_text, files.read_bytes, files.info, files.list_)
OUTSIDE = ["..", "../secret.txt", "folder/../../secret.txt", "folder/..", "/etc/passwd", "//etc/passwd", "C:\\x", "\\x"]


@pytest.fixture
def root(tmp_path):
    """The granted folder; beside it lies what must never be reached."""
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "root"
    (folder / "folder").mkdir(parents=True)
    (folder / "note.txt").write_text("Hello\r\nä", newline="")
    (folder / "folder" / "inner.txt").write_text("inner")
    return folder


def writable(root, **more):
    return Files(root, write=True, **more)


def do(node_type, grant, **given):
    return try_node(node_type, services=[grant], real_time=True, **given)


# --- reading ------------------------------------------------------------------------------------------


def test_text_is_read_as_it_is(root):
    assert do(files.read_text, Files(root), path="note.txt").result == "Hello\r\nä"
    assert do(files.read_text, Files(root), path="./folder//inner.txt").result == "inner"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1", "cp1252", "UTF-8-SIG", "gb18030"])
def test_encodings_round_trip(root, encoding):
    do(files.write_text, writable(root), path="new.txt", text="é = ä", encoding=encoding)
    assert (root / "new.txt").read_bytes() == "é = ä".encode(encoding)
    assert do(files.read_text, Files(root), path="new.txt", encoding=encoding).result == "é = ä"


@pytest.mark.parametrize(
    "encoding", ["", "nope", "punycode", "idna", "zip", "unicode_escape", "rot13", "x" * 10_000, "\0"]
)
def test_what_is_no_encoding_of_text_is_refused(root, encoding):
    with pytest.raises(ValueError, match="is no encoding of text"):
        do(files.read_text, Files(root), path="note.txt", encoding=encoding)


def test_bytes_that_are_not_in_the_encoding(root):
    (root / "raw").write_bytes(b"ab\xff")
    with pytest.raises(ValueError, match="'raw' is not text in utf-8: byte 2"):
        do(files.read_text, Files(root), path="raw")
    assert do(files.read_bytes, Files(root), path="raw").result == b"ab\xff"


def test_text_that_the_encoding_has_not(root):
    with pytest.raises(ValueError, match="'ä' cannot be written in ascii"):
        do(files.write_text, writable(root), path="new.txt", text="ä", encoding="ascii")
    assert not (root / "new.txt").exists()


def test_empty_file(root):
    (root / "empty").touch()
    assert do(files.read_text, Files(root), path="empty").result == ""
    assert do(files.read_bytes, Files(root), path="empty").result == b""


def test_a_file_that_is_too_large(root):
    assert do(files.read_bytes, Files(root, max_bytes=9), path="note.txt").result
    with pytest.raises(ValueError, match=r"'note.txt' is larger than the 8 bytes"):
        do(files.read_bytes, Files(root, max_bytes=8), path="note.txt")


def test_a_file_that_says_it_is_empty_and_never_ends(monkeypatch):
    """As files in /proc are: what counts is what is read."""
    if not os.path.exists("/proc/self/maps"):
        pytest.skip("there is no /proc here")
    with pytest.raises(ValueError, match="larger than the 10 bytes"):
        do(files.read_bytes, Files("/proc/self", max_bytes=10), path="maps")


def test_what_is_not_there(root):
    with pytest.raises(FileNotFoundError, match=r"^there is no 'nope.txt'$"):
        do(files.read_text, Files(root), path="nope.txt")
    with pytest.raises(FileNotFoundError, match=r"^there is no 'no'$"):
        do(files.read_text, Files(root), path="no/such/file")
    with pytest.raises(NotADirectoryError, match=r"'note.txt' is not a folder"):
        do(files.read_text, Files(root), path="note.txt/x")
    with pytest.raises(IsADirectoryError, match="'folder' is a folder"):
        do(files.read_text, Files(root), path="folder")
    with pytest.raises(IsADirectoryError):
        do(files.read_text, Files(root), path=".")


def test_a_root_that_is_not_there_is_told_without_saying_where(tmp_path):
    with pytest.raises(OSError, match="the folder that the host granted cannot be opened") as caught:
        do(files.read_text, Files(tmp_path / "nope"), path="x")
    assert str(tmp_path) not in str(caught.value)


def test_the_root_does_not_move_with_the_working_directory(root, monkeypatch):
    monkeypatch.chdir(root)
    grant = Files("folder")
    monkeypatch.chdir("/")
    assert do(files.read_text, grant, path="inner.txt").result == "inner"


# --- what is not granted ------------------------------------------------------------------------------


@pytest.mark.parametrize("node_type", [n for n in vars(files).values() if isinstance(n, nf.NodeType)])
def test_without_the_grant(node_type):
    given = {"text": "x"} if node_type is files.write_text else {}
    given |= {"content": b"x"} if node_type is files.write_bytes else {}
    with pytest.raises(NotGranted, match=r"needs Files.*services=\[Files\(\.\.\.\)\].*--allow-files DIR"):
        try_node(node_type, path="note.txt", **given)


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("node_type", [*READING, files.exists, files.watch])
def test_no_path_leads_out(root, node_type, path):
    with pytest.raises(PermissionError, match=r"leads out of|is an absolute path"):
        do(node_type, Files(root), path=path)


@pytest.mark.parametrize("path", OUTSIDE)
def test_nothing_outside_is_changed(root, path):
    before = sorted(str(each) for each in root.parent.rglob("*"))
    for node_type, given in (
        (files.write_text, {"text": "changed"}), (files.write_bytes, {"content": b"changed"}),
        (files.delete, {}), (files.make_folder, {}),
    ):  # fmt: skip
        with pytest.raises(PermissionError):
            do(node_type, writable(root), path=path, **given)
    assert sorted(str(each) for each in root.parent.rglob("*")) == before
    assert (root.parent / "secret.txt").read_text() == "secret"


@pytest.mark.parametrize("path", ["", "   ", "a\0b", "x" * 5000, "/".join("x" * 200), "\ud800"])
@pytest.mark.parametrize("node_type", READING)
def test_what_is_no_path(root, node_type, path):
    with pytest.raises(ValueError, match=r"path is missing|is no path|folders deep"):
        do(node_type, Files(root), path=path)


def test_a_name_that_is_too_long(root):
    with pytest.raises(OSError, match="File name too long"):
        do(files.read_text, Files(root), path="x" * 300)


@pytest.fixture
def links(root):
    """Links in all the places where they could lead out."""
    (root / "to_file").symlink_to(root.parent / "secret.txt")
    (root / "to_folder").symlink_to(root.parent)
    (root / "dangling").symlink_to(root.parent / "new.txt")
    (root / "inside").symlink_to("note.txt")
    (root / "loop").symlink_to("loop")
    return root


@pytest.mark.parametrize(
    "path", ["to_file", "to_folder", "to_folder/secret.txt", "dangling", "inside", "loop", "loop/x"]
)
@pytest.mark.parametrize("node_type", READING)
def test_links_are_not_followed(links, node_type, path):
    with pytest.raises(PermissionError, match="is a symbolic link, and these are not followed"):
        do(node_type, Files(links), path=path)
    assert do(files.exists, Files(links), path=path).result is False


@pytest.mark.parametrize("path", ["to_file", "to_folder/secret.txt", "to_folder/new.txt", "dangling", "inside", "loop"])
def test_links_are_not_written_through(links, path):
    for node_type, given in (
        (files.write_text, {"text": "changed"}), (files.write_text, {"text": "changed", "append": True}),
        (files.delete, {}),
    ):  # fmt: skip
        with pytest.raises(PermissionError, match="symbolic link"):
            do(node_type, writable(links), path=path, **given)
    assert (links.parent / "secret.txt").read_text() == "secret"
    assert not (links.parent / "new.txt").exists()
    assert (links / path).is_symlink() or "/" in path


def test_a_folder_is_not_made_through_a_link(links):
    with pytest.raises(PermissionError, match="symbolic link"):
        do(files.make_folder, writable(links), path="to_folder/new")
    with pytest.raises(PermissionError, match="symbolic link"):
        do(files.make_folder, writable(links), path="to_folder")
    assert not (links.parent / "new").exists()


def test_links_are_left_out_of_lists(links):
    listed = do(files.list_, Files(links), recursive=True, what="all").outputs["files"]
    assert listed == ["folder", "folder/inner.txt", "note.txt"]


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_link_that_comes_between_the_look_and_the_opening(root, monkeypatch, what):
    """What is looked at is not what is opened: somebody swaps it in between."""
    swapped = []

    def swap(name, **given):
        status = real(name, **given)
        if name == ("note.txt" if what == "file" else "inner.txt") and not swapped:
            swapped.append(name)
            victim = root / "note.txt" if what == "file" else root / "folder"
            victim.rename(root.parent / "away")
            victim.symlink_to(root.parent / "secret.txt" if what == "file" else root.parent)
        return status

    real = os.stat
    monkeypatch.setattr(confined.os, "stat", swap)
    if what == "file":
        with pytest.raises(OSError, match=r"note.txt"):
            confined.read(Files(root), "note.txt")
        with pytest.raises(PermissionError, match="symbolic link"):
            confined.read(Files(root), "note.txt")
    else:  # the folder is open already: what is read is what was there
        assert confined.read(Files(root), "folder/inner.txt") == b"inner"
    assert swapped


@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_what_is_no_file_is_neither_read_nor_waited_for(root, kind):
    path = root / "special"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(path))
    else:
        try:
            os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
        except OSError as error:
            pytest.skip(f"devices cannot be made here: {error}")
    for node_type, given in (
        (files.read_text, {}), (files.info, {}), (files.delete, {}), (files.write_text, {"text": "x"}),
        (files.write_text, {"text": "x", "append": True}),
    ):  # fmt: skip
        with pytest.raises(PermissionError, match="neither a file nor a folder"):
            do(node_type, writable(root), path="special", **given)
    assert do(files.exists, Files(root), path="special").result is False
    assert "special" not in do(files.list_, Files(root), what="all").outputs["files"]


def test_a_pipe_that_comes_between_the_look_and_the_opening(root, monkeypatch):
    def swap(name, **given):
        status = real(name, **given)
        if name == "note.txt":
            (root / name).unlink()
            os.mkfifo(root / name)
            monkeypatch.undo()
        return status

    real = os.stat
    monkeypatch.setattr(confined.os, "stat", swap)
    with pytest.raises(PermissionError, match="neither a file nor a folder"):
        confined.read(Files(root), "note.txt")


@whatever(st.text(st.sampled_from("./\\a\0~$%:"), max_size=20))
def test_whatever_a_path_looks_like_its_names_stay_below(path):
    try:
        names = confined.names_of(path)
    except (ValueError, PermissionError):
        return
    assert not {"", ".", ".."} & set(names)
    assert not any("/" in name or "\0" in name for name in names)


# --- writing ------------------------------------------------------------------------------------------


def test_writing_needs_a_grant_of_its_own(root):
    for node_type, given in (
        (files.write_text, {"text": "x"}), (files.write_bytes, {"content": b"x"}), (files.delete, {}),
        (files.make_folder, {}),
    ):  # fmt: skip
        with pytest.raises(
            PermissionError, match=r"reading only: Files\(\.\.\., write=True\), or --allow-files DIR:rw"
        ):
            do(node_type, Files(root), path="note.txt", **given)
    assert (root / "note.txt").exists()


def test_a_file_is_replaced_and_keeps_its_mode(root):
    (root / "note.txt").chmod(0o640)
    do(files.write_text, writable(root), path="note.txt", text="new")
    assert (root / "note.txt").read_text() == "new"
    assert stat.S_IMODE((root / "note.txt").stat().st_mode) == 0o640
    assert sorted(each.name for each in root.iterdir()) == ["folder", "note.txt"]


def test_whoever_reads_sees_the_old_or_the_new(root):
    with (root / "note.txt").open("rb") as reader:
        do(files.write_bytes, writable(root), path="note.txt", content=b"n" * 100)
        assert reader.read() == b"Hello\r\n\xc3\xa4"


def test_a_failed_replacement_leaves_the_old_file_and_nothing_else(root, monkeypatch):
    def fails(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(confined.os, "replace", fails)
    with pytest.raises(OSError, match=r"'note.txt': No space left on device"):
        do(files.write_text, writable(root), path="note.txt", text="new")
    assert (root / "note.txt").read_bytes() == b"Hello\r\n\xc3\xa4"
    assert sorted(each.name for each in root.iterdir()) == ["folder", "note.txt"]


def test_appending(root):
    for text in ("a", "", "b"):
        do(files.write_text, writable(root), path="log", text=text, append=True)
    assert (root / "log").read_text() == "ab"
    with pytest.raises(ValueError, match="'log' is larger than the 3 bytes"):
        do(files.write_text, writable(root, max_bytes=3), path="log", text="cd", append=True)
    assert (root / "log").read_text() == "ab"


def test_what_is_too_large_is_not_written(root):
    with pytest.raises(ValueError, match="'new' is larger than the 3 bytes"):
        do(files.write_bytes, writable(root, max_bytes=3), path="new", content=b"1234")
    assert not (root / "new").exists()


def test_a_folder_is_not_written_to(root):
    with pytest.raises(IsADirectoryError, match="'folder' is a folder"):
        do(files.write_text, writable(root), path="folder", text="x")
    with pytest.raises(FileNotFoundError, match="there is no 'no'"):
        do(files.write_text, writable(root), path="no/new.txt", text="x")


def test_folders_are_made_with_those_above(root):
    for _ in range(2):
        do(files.make_folder, writable(root), path="a/b/c")
    assert (root / "a/b/c").is_dir()
    do(files.make_folder, writable(root), path=".")
    with pytest.raises(NotADirectoryError, match=r"'note.txt' is not a folder"):
        do(files.make_folder, writable(root), path="note.txt")
    with pytest.raises(NotADirectoryError, match=r"'note.txt' is not a folder"):
        do(files.make_folder, writable(root), path="note.txt/x")


def test_deleting(root):
    assert do(files.delete, writable(root), path="note.txt").result is True
    assert not (root / "note.txt").exists()
    with pytest.raises(FileNotFoundError):
        do(files.delete, writable(root), path="note.txt")
    assert do(files.delete, writable(root), path="note.txt", missing_ok=True).result is False
    with pytest.raises(IsADirectoryError):
        do(files.delete, writable(root), path="folder")


# --- looking ------------------------------------------------------------------------------------------


def test_lists_are_sorted_paths_that_the_other_nodes_take(root):
    for name in ("b.txt", "a.txt", "folder/z.bin"):
        (root / name).touch()
    listed = do(files.list_, Files(root)).outputs
    assert listed == {"files": ["a.txt", "b.txt", "note.txt"], "count": 3, "ok": True, "error": ""}
    listed = do(files.list_, Files(root), recursive=True).outputs["files"]
    assert listed == ["a.txt", "b.txt", "folder/inner.txt", "folder/z.bin", "note.txt"]
    assert do(files.list_, Files(root), path="folder").outputs["files"] == ["folder/inner.txt", "folder/z.bin"]
    assert do(files.list_, Files(root), path="folder/").outputs["count"] == 2


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*", 3),
        ("", 3),
        ("  ", 3),
        ("*.txt", 2),
        ("?.txt", 2),
        ("[ab].*", 3),
        ("A.txt", 0),
        ("*" * 200 + "q", 0),
        ("[", 0),
    ],
)
def test_patterns(tmp_path, pattern, found):
    for name in ("a.txt", "b.txt", "b.bin"):
        (tmp_path / name).touch()
    assert do(files.list_, Files(tmp_path), pattern=pattern).outputs["count"] == found


def test_what_to_list(root):
    assert do(files.list_, Files(root), what="folders").outputs["files"] == ["folder"]
    assert do(files.list_, Files(root), what="all").outputs["files"] == ["folder", "note.txt"]
    with pytest.raises(ValueError, match="`what` must be 'files', 'folders' or 'all', not 'pipes'"):
        do(files.list_, Files(root), what="pipes")
    with pytest.raises(ValueError, match="`on_failure` must be 'error' or 'report'"):
        do(files.list_, Files(root), on_failure="ignore")


def test_a_list_is_bounded_by_what_is_looked_at(root):
    for number in range(10):
        (root / "folder" / f"{number}.bin").touch()
    assert do(files.list_, Files(root, max_entries=2)).outputs["count"] == 1
    with pytest.raises(ValueError, match="holds more than the 5 files"):
        do(files.list_, Files(root, max_entries=5), pattern="*.txt", recursive=True)


def test_folders_that_are_too_deep(root):
    deep = root
    for _ in range(confined.DEEPEST + 1):
        deep = deep / "d"
        deep.mkdir()
    with pytest.raises(ValueError, match="folders that are more than 100 deep"):
        do(files.list_, Files(root), recursive=True)


@pytest.mark.parametrize(
    ("path", "error"),
    [("", "a path is missing"), ("nope", "there is no 'nope'"), ("..", "leads out"), ("note.txt", "is not a folder")],
)
def test_a_list_reports_what_is_wrong_if_it_is_to(root, path, error):
    listed = do(files.list_, Files(root), path=path, on_failure="report")
    assert listed.exits == ["exit"]
    assert (listed.outputs["files"], listed.outputs["count"], listed.outputs["ok"]) == ([], 0, False)
    assert error in listed.outputs["error"]


def test_a_list_reports_success_too(root):
    assert do(files.list_, Files(root), on_failure="report").outputs["ok"] is True


def test_names_that_are_no_utf8_can_be_listed_and_read(root):
    try:
        with open(os.fsencode(root) + b"/caf\xe9.txt", "wb") as file:
            file.write(b"x")
    except OSError:
        pytest.skip("this file system has names in UTF-8 only")
    (name,) = do(files.list_, Files(root), pattern="caf*").outputs["files"]
    assert do(files.read_bytes, Files(root), path=name).result == b"x"


def test_exists(root):
    found = [
        do(files.exists, Files(root), path=path).result for path in ("note.txt", "folder", ".", "nope", "note.txt/x")
    ]
    assert found == [True, True, True, False, False]


def test_info(root):
    os.utime(root / "note.txt", (1_000_000_000, 1_000_000_000))
    assert do(files.info, Files(root), path="note.txt").outputs == {
        "name": "note.txt", "extension": ".txt", "folder": ".", "kind": "file", "size": 9,
        "modified": datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC),
    }  # fmt: skip
    inner = do(files.info, Files(root), path="folder/inner.txt").outputs
    assert (inner["name"], inner["folder"]) == ("inner.txt", "folder")
    (root / ".hidden").touch()
    assert do(files.info, Files(root), path=".hidden").outputs["extension"] == ""
    assert do(files.info, Files(root), path=".").outputs["kind"] == "folder"


# --- descriptors --------------------------------------------------------------------------------------


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="there is no /proc here")
def test_no_descriptor_is_left_open(links):
    before = set(os.listdir("/proc/self/fd"))
    grant = writable(links)
    for path in ("note.txt", "folder/inner.txt", "folder", "nope", "to_file", "to_folder/x", "folder/no/x", ".."):
        for act in (confined.read, confined.look, confined.below, confined.make_folder, confined.delete):
            outcome_of(act, grant, path)
        outcome_of(confined.write, grant, path, b"x")
    assert set(os.listdir("/proc/self/fd")) == before


def outcome_of(act, *given):
    try:
        return act(*given)
    except (OSError, ValueError) as error:
        return error


# --- watching -----------------------------------------------------------------------------------------


@pytest.fixture
def looks(monkeypatch):
    """What happens in the folder before each look, one function for each; then nothing more."""
    coming = []
    real = confined.below

    def look(*given, **more):
        if coming:
            coming.pop(0)()
        return real(*given, **more)

    monkeypatch.setattr(confined, "below", look)
    return coming


def nothing():
    pass


def watching(root, **given):
    return try_node(files.watch, services=[Files(root)], real_time=True, interval=0.05, **given)


def test_watching_tells_of_what_comes_changes_and_goes(root, looks):
    looks += [
        nothing,
        lambda: (root / "new.txt").touch(),
        nothing,
        lambda: (root / "new.txt").write_text("longer"),
        lambda: ((root / "new.txt").unlink(), (root / "note.txt").unlink()),
    ]
    tried = watching(root, most=4)
    told = list(zip(tried.seen("file", "on_item"), tried.seen("change", "on_item"), strict=True))
    assert told == [("new.txt", "added"), ("new.txt", "changed"), ("new.txt", "removed"), ("note.txt", "removed")]
    assert tried.exits == ["on_item"] * 4 + ["completed", "exit"]


def test_watching_by_pattern_and_below(root, looks):
    looks += [
        nothing,
        lambda: ((root / "folder/x.bin").touch(), (root / "folder/x.txt").touch(), (root / "y.bin").touch()),
    ]
    assert watching(root, most=1, pattern="*.txt", recursive=True).outputs["file"] == "folder/x.txt"


def test_a_file_that_is_replaced_has_changed(root, looks):
    status = (root / "note.txt").stat()

    def replace():
        (root / "other").write_bytes((root / "note.txt").read_bytes())
        os.utime(root / "other", ns=(status.st_atime_ns, status.st_mtime_ns))
        (root / "other").replace(root / "note.txt")

    looks += [nothing, replace]
    tried = watching(root, most=1)
    assert (tried.outputs["file"], tried.outputs["change"]) == ("note.txt", "changed")


def test_watching_what_is_removed_fails(root, looks):
    looks += [nothing, lambda: ((root / "folder/inner.txt").unlink(), (root / "folder").rmdir())]
    with pytest.raises(FileNotFoundError, match="there is no 'folder'"):
        watching(root, path="folder")


def test_watching_is_bounded(root):
    with pytest.raises(ValueError, match="holds more than the 1 files"):
        try_node(files.watch, services=[Files(root, max_entries=1)], real_time=True)


@pytest.mark.parametrize(("interval", "most"), [(0, 0), (-1, 0), (float("nan"), 0), (0.01, 0), (1, -1)])
def test_intervals_that_cannot_be(root, interval, most):
    with pytest.raises(ValueError, match=r"interval must be at least 0.05 and most at least 0"):
        try_node(files.watch, services=[Files(root)], real_time=True, interval=interval, most=most)


def test_watching_ends_when_it_is_cancelled(root):
    wf = nf.Workflow("main")
    limit, watch, show = wf.add(flow.timeout, seconds=0.2), wf.add(files.watch, interval=0.05), wf.add(flow.print)
    wf.add(flow.start) >> limit
    limit.body >> watch
    limit.expired >> show
    assert nf.run_sync(wf, services=[Files(root)]).status == "completed"


# --- the grant ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{"max_bytes": -1}, {"max_entries": 0}, {"max_bytes": "many"}, {"max_bytes": True}])
def test_a_grant_that_cannot_be(given):
    with pytest.raises(ValueError, match="must be a number of at least"):
        Files("x", **given)
