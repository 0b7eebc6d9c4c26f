"""Pages for people: templates and the files they load, served from the package."""
