// Package objects is a stand-in for Amazon S3: versitygw's gateway in this
// process, its files on disk. It checks signatures, their expiry, signed
// lengths and types, and POST policies, and refuses as S3 does.
//
// It knows one bucket, which it makes. What it lacks is the expiry of old
// files by a bucket's rules; a schedule of Purser's own does that, here as on
// Amazon's.
//
// There is one gateway in a process, and while it runs, the process's working
// directory is the one its files are in: give it, and everything else,
// absolute paths. KeepPaths sees to those that others read.
package objects
