// Package search plays Meilisearch.
package search
