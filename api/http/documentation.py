"""The documentation as plain HTML: no script, nothing loaded from elsewhere."""

from html import escape
from typing import Any

from api.http.problems import ProblemText

_STYLE = """
body{font:16px/1.55 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#16202a;background:#fff}
h1{font-size:1.7rem}h2{margin-top:2.4rem;border-bottom:2px solid #0a6b5c}details{border:1px solid #d5dde3;border-radius:6px;
margin:.5rem 0;padding:.4rem .8rem}summary{cursor:pointer}code,pre{font:14px/1.45 ui-monospace,monospace;background:#f2f5f7;
border-radius:4px;padding:.1rem .3rem}pre{padding:.7rem;overflow:auto}.m{display:inline-block;min-width:4.2rem;font-weight:700;
color:#0a6b5c}table{border-collapse:collapse}td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}
a{color:#075a9c}@media(prefers-color-scheme:dark){body{background:#10161b;color:#e6edf2}code,pre{background:#1c252d}
details{border-color:#33414c}.m{color:#5fd0bb}a{color:#7cc0ff}}
"""


def _page(title: str, body: str, language: str = "vi") -> str:
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def problem_page(code: str, row: ProblemText, *, english: bool) -> str:
    """One problem explained, in the caller's language first."""
    first, second = (row.en, row.vi) if english else (row.vi, row.en)
    body = f"<h1>{escape(first[0])}</h1><p>{escape(first[1])}</p><p><code>{code}</code> · HTTP {row.status}</p>"
    body += f"<h2>{escape(second[0])}</h2><p>{escape(second[1])}</p><p><a href='/docs'>Lan Tỏa</a></p>"
    return _page(code, body, "en" if english else "vi")


def docs_page(openapi: dict[str, Any]) -> str:
    """Every operation of the contract, by tag."""
    areas: dict[str, list[str]] = {}
    for path, methods in openapi["paths"].items():
        for method, about in methods.items():
            areas.setdefault(about.get("tags", ["other"])[0], []).append(_operation(path, method, about))
    info = openapi["info"]
    body = f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info.get('description', ''))}</p>"
    body += "<p><a href='/openapi.json'>openapi.json</a> · " + " · ".join(
        f"<a href='#{escape(area)}'>{escape(area)}</a>" for area in areas
    )
    body += "</p>" + "".join(
        f"<h2 id='{escape(area)}'>{escape(area)}</h2>{''.join(rows)}" for area, rows in areas.items()
    )
    return _page(info["title"], body)


def _operation(path: str, method: str, about: dict[str, Any]) -> str:
    scopes = [scope for way in about.get("security", []) for scope in way.get("oauth", [])]
    rows = "".join(
        f"<tr><td><code>{escape(p['name'])}</code></td><td>{escape(p['in'])}</td>"
        f"<td>{escape(p.get('description', ''))}</td></tr>"
        for p in about.get("parameters", [])
    )
    answers = "".join(
        f"<tr><td>{status}</td><td>{escape(answer.get('description', ''))}</td></tr>"
        for status, answer in about.get("responses", {}).items()
    )
    return (
        f"<details id='{escape(about['operationId'])}'><summary><span class='m'>{method.upper()}</span> "
        f"<code>{escape(path)}</code> {escape(about.get('summary', ''))}</summary>"
        f"<p>{escape(about.get('description', ''))}</p>"
        f"<p>operationId <code>{escape(about['operationId'])}</code>"
        + (f" · scope <code>{escape(' | '.join(scopes))}</code>" if scopes else "")
        + f"</p><table>{rows}</table><table>{answers}</table></details>"
    )
