"""A visitor of the public host, with or without cookies."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx2

from ops import names, web

PAGE, API = "/", "/api/health"


def colors(
    url: str, paths: Sequence[str] = (PAGE, API), headers: dict[str, str] | None = None
) -> dict[str, tuple[str, str]]:
    """For each path the route's color and the application's own."""
    with web.client(url) as client:
        found = {}
        for path in paths:
            response = client.get(path, headers=headers)
            client.cookies.clear()
            assert response.status_code == 200, f"{path}: {response.status_code} {response.text}"
            found[path] = (
                response.headers[names.COLOR_HEADER],
                response.headers[names.APP_COLOR_HEADER],
            )
        return found


def everywhere(color: str) -> dict[str, tuple[str, str]]:
    """What `colors` gives when one color serves everything."""
    return dict.fromkeys((PAGE, API), (color, color))


def draw(url: str, count: int, path: str = API) -> Counter[str]:
    """How many of `count` requests without cookies each color answers."""
    threads = 8

    def some(_: int) -> Counter[str]:
        seen: Counter[str] = Counter()
        with web.client(url) as client:
            for _ in range(count // threads):
                response = client.get(path)
                client.cookies.clear()
                response.raise_for_status()
                seen[response.headers[names.COLOR_HEADER]] += 1
        return seen

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(some, range(threads)), Counter())


def browse(client: httpx2.Client, rounds: int) -> set[str]:
    """The colors that one visitor with cookies meets on pages and API together."""
    met: set[str] = set()
    for _ in range(rounds):
        for path in (PAGE, API):
            response = client.get(path)
            response.raise_for_status()
            met |= {response.headers[names.COLOR_HEADER], response.headers[names.APP_COLOR_HEADER]}
    return met
