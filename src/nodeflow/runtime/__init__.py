"""The trio adapter: nurseries, cancel scopes and suspended bodies. It contains no decision; see `nodeflow.machine`.

`driver` makes a trio task of a flow thread, `scopes` a nursery of a context, `binding` a call of a body, `run` holds
what the drivers of one run share, `handle` is what a host has in hand.
"""
