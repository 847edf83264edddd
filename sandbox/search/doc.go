// Package search plays Meilisearch for a small shop: indexes, documents,
// settings, tasks, swaps, and searches with typos, beginnings, synonyms,
// phrases, filters, facets, orders and highlights. Bleve finds the documents;
// the order of hits is that of Meilisearch's rules.
//
// All indexes lie in one Bleve index, together with the state of the server,
// and every task changes both in one batch. The whole is a cache of the
// catalogue: files that cannot be read are put aside, the server starts
// empty, and the catalogue is indexed again.
//
// The stand-in does not know: keys other than the master key and the two that
// are made from it, vectors, geo search, distinct attributes, how near words
// are to each other, attributes of nested objects, snapshots and dumps. A
// request for one of these is refused, or the address is not found. A
// beginning has two letters or more and stands for the 200 commonest words.
package search
