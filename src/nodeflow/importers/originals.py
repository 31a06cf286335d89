"""NodeEditor's definitions: how their sockets are named, and what the data sockets take and give.

What a file says of a node depends on them: whether a null may come out of an output, what it counts as where
it goes, which socket is meant by a name of an older version. A socket without a type is an exec socket.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from attrs import frozen

from nodeflow.importers.rule import plain

OURS: Final[Mapping[str, str]] = {
    "Boolean": "bool", "Int32": "int", "Double": "float", "String": "text", "Object": "any", "List": "list",
    "Dict": "dict",
}  # fmt: skip
"""Types of their sockets, and ours."""

_DEFINITIONS: Final = """
[Conditions]
Branch: Start, Cond Boolean -> True, False
Do While Loop: Enter, Condition Boolean -> Exit, LoopPath
For Loop: Enter, LoopTimes Int32 -> Exit, LoopPath, Index Int32
For Loop Reverse: Enter, Start Int32, End Int32 -> Exit, LoopPath, Index Int32
For Loop Step: Enter, StartValue Int32, EndValue Int32, Step Int32 -> Exit, LoopPath, Index Int32
ForEach Dict: Enter, Dict Dict -> Exit, LoopPath, Key String, Value Object
ForEach Loop: Enter, List List -> Exit, LoopPath, Obj Object
Loop N Times: Enter, N Int32 -> Exit, Body, Done, Iteration Int32
Multi Branch: Enter, Cond 0 Boolean, Cond 1 Boolean, Cond 2 Boolean, Cond 3 Boolean -> Exit, Path 0, Path 1, Path 2,
  Path 3, Default
Parallel ForEach: Enter, List List, MaxParallelism Int32 -> Exit, LoopPath, Item Object, Index Int32
Repeat Until: Enter, Condition Boolean -> Exit, LoopPath
While Loop: Enter, Condition Boolean -> Exit, LoopPath
[Constants]
Boolean: Value Boolean -> Result Boolean
Integer: Value Int32 -> Result Int32
Null: -> Result Object
Number: Value Double -> Result Double
Pass Through: Value Object -> Result Object
String: Value String -> Result String
[Conversion]
Char At: Value String, Index Int32 -> Result String
Char Code: Value String -> Result Int32
Double To Int: Value Double -> Result Int32
From Char Code: Code Int32 -> Result String
Int To Double: Value Int32 -> Result Double
Number To String: Value Double, Format String -> Result String
Parse Bool: Value String -> Result Boolean, Success Boolean
Parse Double: Value String, Default Double -> Result Double, Success Boolean
Parse Int: Value String, Default Int32 -> Result Int32, Success Boolean
To Bool: Value Object -> Result Boolean
To Double: Value Object -> Result Double
To Int: Value Object -> Result Int32
To String: Value Object -> Result String
Type Name: Value Object -> Result String
[DateTime]
Add Days: DateTime String, Days Double -> Result String
Date Diff Days: From String, To String -> Result Double
Format DateTime: DateTime String, Format String -> Result String
Now: -> Result String
Parse Date Parts: DateTime String -> Year Int32, Month Int32, Day Int32, Hour Int32, Minute Int32, Second Int32
Timestamp: -> Result Double
Timestamp Ms: -> Result Double
UTC Now: -> Result String
[Debug]
Assert: Enter, Condition Boolean, Message String -> Exit
Breakpoint: Enter, Label String -> Exit
Debug Error: Enter, Message String -> Exit
Debug Print: Enter, Label String, Value Object -> Exit
Debug Warning: Enter, Message String -> Exit
Log: Enter, Message String -> Exit
Print Value: Label String, Value Object -> PassThrough Object
Stopwatch: Enter, Start Boolean, Stop Boolean, Reset Boolean -> Exit, ElapsedMs Double
Timer: Enter -> Exit, Body, Done, ElapsedMs Double
[Dictionaries]
Dict Clear: Dict Dict -> Result Dict
Dict Contains Key: Dict Dict, Key String -> Result Boolean
Dict Count: Dict Dict -> Result Int32
Dict Create: -> Result Dict
Dict Get: Dict Dict, Key String -> Value Object, Found Boolean
Dict Keys: Dict Dict -> Result List
Dict Merge: A Dict, B Dict -> Result Dict
Dict Remove: Dict Dict, Key String -> Result Dict, Removed Boolean
Dict Set: Dict Dict, Key String, Value Object -> Result Dict
Dict Values: Dict Dict -> Result List
[Flow]
Counter: Enter, Reset Boolean -> Exit, Count Int32
Flip Flop: Enter -> Exit, A, B, IsA Boolean
Gate: Enter, Open Boolean -> Exit, Continue, Closed
Once: Enter -> Exit, First, Already Run
Parallel Branch: Enter -> Exit, A, B, C, D
Sequence: Enter -> Exit, Then 0, Then 1, Then 2, Then 3
Switch Int: Enter, Value Int32 -> Exit, Case 0, Case 1, Case 2, Case 3, Case 4, Default
Switch String: Enter, Value String, Match 0 String, Match 1 String, Match 2 String, Match 3 String -> Exit, Case 0,
  Case 1, Case 2, Case 3, Default
Throw Error: Enter, Message String -> Exit
Try Catch: Enter -> Exit, Try, Catch, Finally, Error String
Wait Count: Enter, Count Int32 -> Exit, TriggersSoFar Int32
[Helpers]
Comment: Text String ->
Consume: Enter, Value Object -> Exit
Delay: Enter, DelayMs Int32 -> Exit
Marker: Enter -> Exit
Start: -> Exit
[IO]
Load From Directory: Enter, DirectoryPath String, Filter String, Recursive Boolean -> Exit, Files List, Count Int32,
  Ok Boolean, Error String
[JSON]
JSON Array Length: Json Object -> Result Int32
JSON Get Index: Json Object, Index Int32 -> Value Object, Found Boolean
JSON Get Property: Json Object, Property String -> Value Object, Found Boolean
JSON Parse: Json String -> Result Object, Success Boolean
JSON Path: Json Object, Path String -> Value Object, Found Boolean
JSON Stringify: Value Object, Indented Boolean -> Result String
JSON To Dict: Json Object -> Result Dict, Success Boolean
JSON To List: Json Object -> Result List, Success Boolean
[Lists]
List Add: List List, Item Object -> Result List
List Any: List List -> Result Boolean
List Average: List List -> Result Double
List Clear: List List -> Result List
List Concat: A List, B List -> Result List
List Contains: List List, Value Object -> Result Boolean
List Count: List List -> Result Int32
List Create: -> Result List
List Distinct: List List -> Result List
List First: List List -> Result Object, HasValue Boolean
List Flatten: List List -> Result List
List Get: List List, Index Int32 -> Result Object
List Index Of: List List, Value Object -> Result Int32
List Insert: List List, Index Int32, Item Object -> Result List
List Is Empty: List List -> Result Boolean
List Last: List List -> Result Object, HasValue Boolean
List Max: List List -> Result Double
List Min: List List -> Result Double
List Range: Start Int32, End Int32 -> Result List
List Remove At: List List, Index Int32 -> Result List
List Remove Value: List List, Value Object -> Result List
List Repeat: Value Object, Count Int32 -> Result List
List Reverse: List List -> Result List
List Set: List List, Index Int32, Value Object -> Result List
List Slice: List List, Start Int32, Count Int32 -> Result List
List Sort: List List -> Result List
List Sort Descending: List List -> Result List
List Sum: List List -> Result Double
List To String: List List -> Result List
[Logic]
And: A Boolean, B Boolean -> Result Boolean
Coalesce: Value Object, Fallback Object -> Result Object
Equal: A Object, B Object -> Result Boolean
Equal Int: A Int32, B Int32 -> Result Boolean
False: -> Result Boolean
Greater Or Equal: A Double, B Double -> Result Boolean
Greater Than: A Double, B Double -> Result Boolean
Greater Than Int: A Int32, B Int32 -> Result Boolean
Is Not Null: Value Object -> Result Boolean
Is Null: Value Object -> Result Boolean
Less Or Equal: A Double, B Double -> Result Boolean
Less Than: A Double, B Double -> Result Boolean
Less Than Int: A Int32, B Int32 -> Result Boolean
Not: Value Boolean -> Result Boolean
Not Equal: A Object, B Object -> Result Boolean
Or: A Boolean, B Boolean -> Result Boolean
Select: Condition Boolean, TrueValue Object, FalseValue Object -> Result Object
Select Number: Condition Boolean, TrueValue Double, FalseValue Double -> Result Double
Select String: Condition Boolean, TrueValue String, FalseValue String -> Result String
String Equal: A String, B String -> Result Boolean
String Equal Ignore Case: A String, B String -> Result Boolean
True: -> Result Boolean
Xor: A Boolean, B Boolean -> Result Boolean
[Math]
Add: A Double, B Double -> Result Double
Add Int: A Int32, B Int32 -> Result Int32
Atan2: Y Double, X Double -> Result Double
Bitwise And: A Int32, B Int32 -> Result Int32
Bitwise Or: A Int32, B Int32 -> Result Int32
Bitwise Xor: A Int32, B Int32 -> Result Int32
Cos: Radians Double -> Result Double
Decrement: Value Int32 -> Result Int32
Deg To Rad: Degrees Double -> Result Double
Distance 2D: X1 Double, Y1 Double, X2 Double, Y2 Double -> Result Double
Divide: A Double, B Double -> Result Double
Divide Int: A Int32, B Int32 -> Result Int32
Dot Product 2D: X1 Double, Y1 Double, X2 Double, Y2 Double -> Result Double
E: -> Result Double
Exp: Value Double -> Result Double
Increment: Value Int32 -> Result Int32
Inverse Lerp: A Double, B Double, Value Double -> Result Double
Is Even: Value Int32 -> Result Boolean
Is Infinity: Value Double -> Result Boolean
Is NaN: Value Double -> Result Boolean
Is Odd: Value Int32 -> Result Boolean
Lerp: A Double, B Double, T Double -> Result Double
Log: Value Double -> Result Double
Log10: Value Double -> Result Double
Map Range: Value Double, InMin Double, InMax Double, OutMin Double, OutMax Double -> Result Double
Multiply: A Double, B Double -> Result Double
Multiply Int: A Int32, B Int32 -> Result Int32
Negate: Value Double -> Result Double
PI: -> Result Double
Power: Base Double, Exponent Double -> Result Double
Rad To Deg: Radians Double -> Result Double
Running Sum: Value Double, Reset Boolean -> Total Double
Shift Left: Value Int32, Shift Int32 -> Result Int32
Shift Right: Value Int32, Shift Int32 -> Result Int32
Sin: Radians Double -> Result Double
Smoothstep: Edge0 Double, Edge1 Double, Value Double -> Result Double
Sqrt: Value Double -> Result Double
Subtract: A Double, B Double -> Result Double
Subtract Int: A Int32, B Int32 -> Result Int32
Tan: Radians Double -> Result Double
Truncate: Value Double -> Result Double
[Numbers]
Abs: Value Double -> Result Double
Ceiling: Value Double -> Result Double
Clamp: Value Double, Min Double, Max Double -> Result Double
Floor: Value Double -> Result Double
Max: A Double, B Double -> Result Double
Min: A Double, B Double -> Result Double
Mod: A Double, B Double -> Result Double
Random Range: Min Int32, Max Int32 -> Result Int32
Round: Value Double -> Result Double
Sign: Value Double -> Result Int32
[Random]
Random Bool: -> Result Boolean
Random Bool Weighted: Probability Double -> Result Boolean
Random Choice: List List -> Result Object, Index Int32
Random Double: -> Result Double
Random Double Range: Min Double, Max Double -> Result Double
Random GUID: -> Result String
Random Shuffle: List List -> Result List
Random String: Length Int32 -> Result String
[Strings]
Contains: Value String, Search String -> Result Boolean
Ends With: Value String, Suffix String -> Result Boolean
Index Of: Value String, Search String -> Result Int32
Join: List List, Separator String -> Result String
Last Index Of: Value String, Search String -> Result Int32
New Line: -> Result String
Pad Left: Value String, TotalWidth Int32, PadChar String -> Result String
Pad Right: Value String, TotalWidth Int32, PadChar String -> Result String
Regex Match: Value String, Pattern String -> Match String, Success Boolean
Regex Replace: Value String, Pattern String, Replacement String -> Result String
Repeat String: Value String, Count Int32 -> Result String
Replace: Value String, Old String, New String -> Result String
Reverse String: Value String -> Result String
Split: Value String, Delimiter String -> Result List
Starts With: Value String, Prefix String -> Result Boolean
String Concat: A String, B String -> Result String
String Concat 3: A String, B String, C String -> Result String
String Concat 4: A String, B String, C String, D String -> Result String
String Format: Format String, Arg0 Object, Arg1 Object, Arg2 Object, Arg3 Object -> Result String
String Is Empty: Value String -> Result Boolean
String Is Whitespace: Value String -> Result Boolean
String Length: Value String -> Result Int32
Substring: Value String, Start Int32, Length Int32 -> Result String
To Lower: Value String -> Result String
To Upper: Value String -> Result String
Trim: Value String -> Result String
[Variables]
Get Variable: Name String -> Value Object
Increment Variable: Enter, Name String, Step Int32 -> Exit, Value Int32
Set Variable: Enter, Name String, Value Object -> Exit, Value Object
"""


@frozen
class Original:
    """One of their definitions. Data sockets by plain name, with their types; exec sockets by plain name."""

    category: str
    name: str
    ins: Mapping[str, str]
    outs: Mapping[str, str]
    enters: tuple[str, ...]
    exits: tuple[str, ...]
    spelled: Mapping[str, str]

    @property
    def runs(self) -> bool:
        return bool(self.enters or self.exits)

    def knows(self, sockets: Collection[str]) -> int:
        """How many of these plain names are its sockets."""
        return len({*self.ins, *self.outs, *self.enters, *self.exits} & {*sockets})

    def said(self, *, inward: bool) -> str:
        """The names of its sockets, for messages.

        >>> ORIGINALS["listget"][0].said(inward=True)
        'List, Index'
        """
        names = (*self.enters, *self.ins) if inward else (*self.exits, *self.outs)
        return ", ".join(self.spelled[name] for name in names) or "none"


def of_variable(name: str, type: str, *, setter: bool) -> Original:
    """The definition that the editor makes for a variable of a file."""
    value = {"value": next((theirs for theirs, ours in OURS.items() if ours == type), "Object")}
    spelled = {"value": "Value", "enter": "Enter", "exit": "Exit"}
    if setter:
        return Original("Variables", f"Set {name}", value, value, ("enter",), ("exit",), spelled)
    return Original("Variables", f"Get {name}", {}, value, (), (), spelled)


def _sockets(text: str, spelled: dict[str, str]) -> tuple[tuple[str, ...], dict[str, str]]:
    execs: list[str] = []
    data: dict[str, str] = {}
    for part in filter(None, text.strip().split(", ")):
        name, _, type = part.rpartition(" ")
        if type not in OURS:
            name = part
            execs.append(plain(part))
        else:
            data[plain(name)] = type
        spelled[plain(name)] = name
    return tuple(execs), data


def _read() -> Iterator[Original]:
    category = ""
    for line in _DEFINITIONS.replace(",\n  ", ", ").strip().splitlines():
        if line.startswith("["):
            category = line.strip("[]")
            continue
        name, _, sockets = line.partition(":")
        spelled: dict[str, str] = {}
        left, _, right = sockets.partition("->")
        enters, ins = _sockets(left, spelled)
        exits, outs = _sockets(right, spelled)
        yield Original(category, name, ins, outs, enters, exits, spelled)


def _by_name() -> Mapping[str, list[Original]]:
    found: dict[str, list[Original]] = {}
    for original in _read():
        found.setdefault(plain(original.name), []).append(original)
    return found


ORIGINALS: Final = _by_name()
"""By plain display name; one name has two definitions."""
