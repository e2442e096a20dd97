"""The paper's tables and figures: recipes and a corpus in; Markdown, CSV, plots and videos out.

`rows` defines the tables, `runs` trains missing runs, `measuring` scores them, and the other
modules format and draw the results.
"""
