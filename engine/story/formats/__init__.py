"""Stories in and out: one file per format, each with a report of what it kept, changed, dropped."""
