"""A person's half: marks of what asks for judgement, overrides of what a machine judged, and who gave them.

`entries` says what a person can decide and `deciding` whether it fits a result; `store` keeps it in one file beside
the results. `applied` is the one place where it is decided what counts; `writing` brings it into results and pages.
`table` is the log as CSV; `commands`, `shown` and `author` are the command line's.
"""
