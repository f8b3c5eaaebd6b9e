"""`python -m streamlab`."""

from streamlab.cli import main

main()
