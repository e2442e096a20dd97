"""The paper's tables and figures: recipes and a corpus in; Markdown, CSV, plots and videos out.

`rows` says what is in a table, `runs` trains what is missing, `results` measures it; the others
show it.
"""
