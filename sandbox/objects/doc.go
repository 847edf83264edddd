// Package objects is a stand-in for Amazon S3: it runs versitygw's gateway in
// this process, with its files on disk. It checks signatures, their expiry,
// signed lengths and types, and POST policies, and refuses requests as S3 does;
// what the gateway itself would accept and S3 would not is refused before it.
//
// It creates its one bucket. It does not expire old files by a bucket's rules;
// Purser deletes them by a schedule of its own, here and on Amazon.
//
// A process can run one gateway. While it runs, the process's working directory
// is the directory of its files, so all paths must be absolute. KeepPaths makes
// the paths absolute that libraries read from the environment.
package objects
