"""What a folder is answered with: a page for people, JSON and plain text for scripts.

Nothing here reads a folder: entries come in, bytes go out.

answer         the whole: fields and body, by the request's Accept and query
accept         which of the three
order          by name, size or date
html_page      the page
template       the files in assets/, and the policy that allows them alone
for_scripts    JSON and plain text
readme         which file is shown below the list, and its text as HTML
names          hostile names as text and as links; what kind of file a name stands for
dates          seconds since the epoch as RFC 3339
"""
