"""`python -m harness`: the command line."""

from harness.cli import main

if __name__ == "__main__":  # processes that are started for a class import this file
    main()
