"""The whole life of three listed shares, for `make demo` and a test: `stage` has the people, `story` the acts."""
