// Only the file that SHA256SUMS names is copied.

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFetch(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	if err := fetch(from, to); err == nil || !strings.Contains(err.Error(), "run `cargo xtask build`") {
		t.Errorf("nothing there: found %v", err)
	}
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(from, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(name, "abc")
	write("SHA256SUMS", strings.Repeat("0", 64)+"  "+name+"\n")
	if err := fetch(from, to); err == nil || !strings.Contains(err.Error(), "is not the file") {
		t.Errorf("another file: found %v", err)
	}
	write("SHA256SUMS", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  "+name+"\n")
	if err := fetch(from, to); err != nil {
		t.Error(err)
	}
	if copied, err := os.ReadFile(filepath.Join(to, name)); string(copied) != "abc" {
		t.Errorf("copied %q, %v", copied, err)
	}
}
