"""`python -m afterclick` is the `afterclick` command."""

from afterclick.cli import main

if __name__ == "__main__":
    main()
