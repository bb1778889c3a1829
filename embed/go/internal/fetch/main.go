// Fetchwasm copies the component into the package, from where it is embedded.
package main

import (
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

func main() {
	from := flag.String("from", filepath.Join("..", "..", "dist"), "folder with the built component and its SHA256SUMS")
	to := flag.String("to", ".", "folder of the package")
	flag.Parse()
	if err := fetch(*from, *to); err != nil {
		fmt.Fprintf(os.Stderr, "fetchwasm: %v\n", err)
		os.Exit(1)
	}
}

// fetch copies the file if it is the one that SHA256SUMS beside it speaks of.
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
	return os.WriteFile(filepath.Join(to, name), content, 0o644)
}
