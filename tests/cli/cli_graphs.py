"""Small documents for the tests of the command line."""


def wires(*pairs):
    """`"a.exit -> b.enter"` as connections."""
    return [{"from": source, "to": target} for source, target in (pair.split(" -> ") for pair in pairs)]


def prints(**node):
    """A workflow that prints once."""
    return {
        "nodes": {"start": {"type": "flow.start"}, "show": {"type": "flow.print", **node}},
        "connections": wires("start.exit -> show.enter"),
    }


ENDLESS = {
    "nodes": {
        "start": {"type": "flow.start"},
        "loop": {"type": "flow.while", "values": {"condition": True}},
        "show": {"type": "flow.print", "values": {"value": "round"}},
        "wait": {"type": "flow.delay", "values": {"seconds": 0.01}},
    },
    "connections": wires("start.exit -> loop.enter", "loop.body -> show.enter", "show.exit -> wait.enter"),
}

FAILING = {
    "nodes": {
        "start": {"type": "flow.start"},
        "fan": {"type": "flow.fan_out", "options": {"branches": ["good", "bad"]}},
        "fail": {"type": "flow.fail", "values": {"message": "no more milk"}},
    },
    "connections": wires("start.exit -> fan.enter", "fan.bad -> fail.enter"),
}

HELLO_OF_ANOTHER_ENGINE = {
    "version": 1,
    "nodes": [
        {
            "id": "start", "typeId": None, "name": "Start", "callable": True, "execInit": True, "inputs": [],
            "outputs": [{"name": "Exit", "typeName": "ExecutionSocket", "isExecution": True}],
        },
        {
            "id": "hello", "typeId": None, "name": "Debug Print", "callable": True, "execInit": False,
            "inputs": [
                {"name": "Enter", "typeName": "ExecutionSocket", "isInput": True, "isExecution": True},
                {
                    "name": "Label", "typeName": "System.String", "isInput": True, "isExecution": False,
                    "value": {"typeName": "System.String", "json": "Greeting"},
                },
                {
                    "name": "Value", "typeName": "System.Object", "isInput": True, "isExecution": False,
                    "value": {"typeName": "System.String", "json": "Hello!"},
                },
            ],
            "outputs": [{"name": "Exit", "typeName": "ExecutionSocket", "isExecution": True}],
        },
        {
            "id": "end", "typeId": None, "name": "Marker", "callable": True, "execInit": False,
            "inputs": [{"name": "Enter", "typeName": "ExecutionSocket", "isInput": True, "isExecution": True}],
            "outputs": [{"name": "Exit", "typeName": "ExecutionSocket", "isExecution": True}],
        },
    ],
    "connections": [
        {
            "outputNodeId": "start", "inputNodeId": "hello", "outputSocketName": "Exit", "inputSocketName": "Enter",
            "isExecution": True,
        },
        {
            "outputNodeId": "hello", "inputNodeId": "end", "outputSocketName": "Exit", "inputSocketName": "Enter",
            "isExecution": True,
        },
    ],
}  # fmt: skip

DIVIDES = {
    "version": 1,
    "nodes": [
        {"id": "start", "name": "Start", "execInit": True},
        {"id": "x", "name": "Divide", "inputs": [{"name": "A", "value": 42}, {"name": "B", "value": 0}]},
        {"id": "say", "name": "Debug Print", "callable": True, "inputs": [{"name": "Label", "value": "42 / 0"}]},
    ],
    "connections": [
        {"outputNodeId": "start", "outputSocketName": "Exit", "inputNodeId": "say", "inputSocketName": "Enter"},
        {"outputNodeId": "x", "outputSocketName": "Result", "inputNodeId": "say", "inputSocketName": "Value"},
    ],
}
