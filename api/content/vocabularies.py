"""Vocabularies: every code that requests may use, with its titles."""

from litestar import Response, get
from litestar.di import NamedDependency

from api.callers.operations import operation
from api.http.views import View
from domain.vocabulary import Term, fixed_terms
from storage.postgres.vocabularies import VocabularyReader


class TermView(View, frozen=True, kw_only=True):
    """One code with its titles."""

    code: str
    title_vi: str
    title_en: str


class VocabulariesView(View, frozen=True, kw_only=True):
    """Every vocabulary, each in its own order."""

    topics: list[TermView]
    audiences: list[TermView]
    languages: list[TermView]
    kinds: list[TermView]
    tasks: list[TermView]
    organization_kinds: list[TermView]


@get(
    "/v1/vocabularies",
    operation_id="getVocabularies",
    summary="Các danh mục mã · Vocabularies",
    tags=["vocabularies"],
    **operation("open"),
)
async def get_vocabularies(vocabularies: NamedDependency[VocabularyReader]) -> Response[VocabulariesView]:
    """Read the codes of topics, audiences, languages, kinds, tasks and organization kinds, with their titles."""
    terms = [*await vocabularies.terms(), *fixed_terms()]
    lists = {name: _list(terms, name) for name in VocabulariesView.__struct_fields__}
    return Response(VocabulariesView(**lists), headers={"cache-control": "public, max-age=300"})


def _list(terms: list[Term], name: str) -> list[TermView]:
    return [TermView(code=t.code, title_vi=t.title_vi, title_en=t.title_en) for t in terms if t.list == name]


ROUTES = [get_vocabularies]
