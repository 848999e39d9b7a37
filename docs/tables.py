"""Tables of pages: each stands between a pair of comments, and is replaced."""


def put(page: str, name: str, table: list[str]) -> str:
    """The page with this table between its comments."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, rest = page.split(begin)
    after = rest.split(end)[1]
    return before + begin + "\n".join(table) + "\n" + end + after
