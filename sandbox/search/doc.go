// Package search plays Meilisearch: indexes, documents, settings, tasks,
// search with typos, facets, filters, sorting and highlights, keys, swapping.
// It is good enough to run a small shop on.
//
// Documents lie in Bleve, on disk; the words and values they are found by are
// kept in memory (see purser/sandbox/finder) and made again at the start. A
// task is on disk before it is answered with 202, and done in its turn by one
// worker; what a crash interrupted is done again, which changes nothing twice.
// Documents that cannot be read any more are put aside; their index starts
// empty, and is not searched until another is swapped into its place.
//
// What it does not know: CSV, vectors, geo search, distinct attributes,
// proximity of words, dictionaries of languages
// without spaces (there each character is a word), snapshots and dumps. Where
// a request asks for one of these it is refused, not answered wrongly.
package search
