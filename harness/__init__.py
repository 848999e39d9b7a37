"""Grades hand-ins on neural networks: record in a sandbox, train in trusted code, measure, check, explain."""

__version__ = "0.1.0"
