"""`python -m marotte` is the command `marotte`."""

from marotte.cli import main

if __name__ == "__main__":
    main()
