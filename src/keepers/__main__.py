"""`python -m keepers` is `keepers`."""

from keepers.cli import main

if __name__ == "__main__":
    main()
