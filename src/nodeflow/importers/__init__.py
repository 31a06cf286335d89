"""Files of other engines -> documents. One module per engine; `nodes` has the node types that they need."""
