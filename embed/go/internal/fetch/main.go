// Fetch copies into the packages what they embed: the component from dist/, and from the
// repository the scenarios of stores and the tables of SQLite files.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const name = "merge-sync-text.core.wasm"

// copies are other files of the repository: which, and the folder that they are copied to.
var copies = []struct{ from, to string }{
	{"tests/host-vectors/defaults.json", "storetest/host_vectors"},
	{"tests/host-vectors/store-*.json", "storetest/host_vectors"},
	{"host-example/schema/sqlite.sql", "sqlitestore/schema"},
	{"host-example/schema/sqlite-upgrade-*.sql", "sqlitestore/schema"},
}

func main() {
	from := flag.String("from", "", "folder with the built component and its SHA256SUMS (default dist/ of the repository)")
	to := flag.String("to", ".", "folder of the package, two below the repository's")
	flag.Parse()
	repository := filepath.Join(*to, "..", "..")
	if *from == "" {
		*from = filepath.Join(repository, "dist")
	}
	err := fetch(*from, *to)
	if err == nil {
		err = copyAll(repository, *to)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "fetch: %v\n", err)
		os.Exit(1)
	}
}

// fetch copies the component if it is the one that SHA256SUMS beside it speaks of.
func fetch(from, to string) error {
	content, err := os.ReadFile(filepath.Join(from, name))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: not in %q: run `cargo xtask build` in the repository first", name, from)
	}
	if err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(from, "SHA256SUMS"))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(content)
	if !strings.Contains(string(sums), hex.EncodeToString(sum[:])) {
		return fmt.Errorf("%s: is not the file that SHA256SUMS names: run `cargo xtask build` again", name)
	}
	return write(filepath.Join(to, name), content)
}

// copyAll makes each folder hold the files that belong there and no others.
func copyAll(repository, to string) error {
	wanted := map[string]bool{}
	for _, each := range copies {
		found, err := filepath.Glob(filepath.Join(repository, filepath.FromSlash(each.from)))
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fmt.Errorf("%s: not in %q", each.from, repository)
		}
		for _, file := range found {
			content, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			copied := filepath.Join(to, filepath.FromSlash(each.to), filepath.Base(file))
			wanted[copied] = true
			if err := write(copied, content); err != nil {
				return err
			}
		}
	}
	for _, each := range copies {
		there, err := filepath.Glob(filepath.Join(to, filepath.FromSlash(each.to), "*"))
		if err != nil {
			return err
		}
		for _, file := range there {
			if wanted[file] {
				continue
			}
			if err := os.Remove(file); err != nil {
				return err
			}
		}
	}
	return nil
}

// write leaves a file as it is that has the content: what is newer is compiled anew.
func write(file string, content []byte) error {
	if there, err := os.ReadFile(file); err == nil && bytes.Equal(there, content) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o644)
}
