"""A person's half: marks of what asks for judgement, overrides of what a machine judged, and who gave them.

`entries` says what a person can decide, `store` keeps it in one file beside the results.
"""
