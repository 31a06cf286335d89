"""What nodeflow costs, measured against the raw limit of each job: `python -m benchmarks --help`.

graphs      the documents that are run, and their node types
limits      the same jobs in plain Python and plain trio: the raw limits
cases       which is measured against which, and what is to be reached
measure     how: interleaved rounds, ratios, tracemalloc
report      the table, as text, Markdown and JSON
profiling   where the time and the memory go
"""
