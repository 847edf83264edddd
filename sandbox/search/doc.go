// Package search plays Meilisearch for a small shop: it serves the part of
// Meilisearch's API that providers/meilisearch calls, with indexes, documents,
// settings, tasks, swaps, and searches with typos, prefixes, synonyms, stop words,
// phrases, filters, facets, sort orders and highlights. Bleve finds the documents;
// Meilisearch's ranking rules order them.
//
// One Bleve index holds the documents of all indexes and the state of the server,
// and every task changes both in one batch. The store is a cache of the
// catalogue: files that cannot be read are quarantined, the server starts empty,
// and the catalogue is indexed again.
//
// A request for anything else is refused with an error in Meilisearch's form: an
// unknown address with 404 not_found, a field, a parameter or a value with 400.
// Of the ranking rules, proximity only knows words that follow each other. A prefix has two letters or more
// and stands for at most the 200 commonest words that begin with it.
package search
