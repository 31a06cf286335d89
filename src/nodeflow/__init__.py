"""nodeflow runs node graphs: exec wires say what runs next, data wires say what it reads.

The layers, each of which imports only what stands before it:

    errors, model, values          L0  exceptions; documents as data; socket types and conversions
    schema, files                  L0  JSON <-> model
    sockets, signature, node       L1  what a node author imports
    registry, linking, builder     L1  names -> node types; names -> references; documents made in Python
    regions, checks, graph         L1  what may run side by side; the findings; the compiled graph
    machine                        L2  the run as a pure state machine
    runtime                        L3  the trio adapter
    library                        L4  the nodes that come with it
    importers                      L4  other engines' files
    operate                        L5  queue and worker, observers
    cli                            L6  the command line
"""

from nodeflow import model, observers
from nodeflow.api import compile, open_run, plan, run, run_sync, validate
from nodeflow.builder import Workflow
from nodeflow.errors import (
    ContextCancelled,
    ConversionError,
    DeclarationError,
    DocumentError,
    FanInIncomplete,
    FlowFailure,
    ImportFailed,
    InvalidDocument,
    LimitExceeded,
    MergeConflict,
    MissingInput,
    NodeFailed,
    NodeflowError,
    QueueClosed,
    QueueFull,
    RegistryError,
    RunCancelled,
    RunError,
    RunFailed,
    RunTimedOut,
    SocketTypeError,
    TimedOut,
    ValueChanged,
    WiringError,
    WrongCall,
)
from nodeflow.files import dumps, load, loads, save
from nodeflow.library import standard_registry
from nodeflow.machine import Limits
from nodeflow.model import Document, Finding, Severity
from nodeflow.node import (
    Arrival,
    Arrivals,
    Branch,
    EventName,
    ExecIn,
    ExecOut,
    Item,
    Jump,
    Lazy,
    NodeContext,
    NodeType,
    Option,
    Out,
    Ports,
    Result,
    Scope,
    ScopeKind,
    SharedState,
    State,
    Stream,
    VariableName,
    WorkflowName,
    data_node,
    exec_node,
    initially,
    port_name,
    ports_from,
)
from nodeflow.registry import Registry, installed_nodes
from nodeflow.runtime.handle import Compiled, ContextView, RunHandle, ThreadView
from nodeflow.runtime.result import Result as RunResult

__version__ = "0.1.0"

__all__ = [
    "Arrival",
    "Arrivals",
    "Branch",
    "Compiled",
    "ContextCancelled",
    "ContextView",
    "ConversionError",
    "DeclarationError",
    "Document",
    "DocumentError",
    "EventName",
    "ExecIn",
    "ExecOut",
    "FanInIncomplete",
    "Finding",
    "FlowFailure",
    "ImportFailed",
    "InvalidDocument",
    "Item",
    "Jump",
    "Lazy",
    "LimitExceeded",
    "Limits",
    "MergeConflict",
    "MissingInput",
    "NodeContext",
    "NodeFailed",
    "NodeType",
    "NodeflowError",
    "Option",
    "Out",
    "Ports",
    "QueueClosed",
    "QueueFull",
    "Registry",
    "RegistryError",
    "Result",
    "RunCancelled",
    "RunError",
    "RunFailed",
    "RunHandle",
    "RunResult",
    "RunTimedOut",
    "Scope",
    "ScopeKind",
    "Severity",
    "SharedState",
    "SocketTypeError",
    "State",
    "Stream",
    "ThreadView",
    "TimedOut",
    "ValueChanged",
    "VariableName",
    "WiringError",
    "Workflow",
    "WorkflowName",
    "WrongCall",
    "compile",
    "data_node",
    "dumps",
    "exec_node",
    "initially",
    "installed_nodes",
    "load",
    "loads",
    "model",
    "observers",
    "open_run",
    "plan",
    "port_name",
    "ports_from",
    "run",
    "run_sync",
    "save",
    "standard_registry",
    "validate",
]
