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

func TestAFolderOfCopiesHoldsThoseFilesAndNoOthers(t *testing.T) {
	repository := t.TempDir()
	to := filepath.Join(repository, "embed", "go")
	put := func(file, content string) {
		path := filepath.Join(repository, filepath.FromSlash(file))
		if err := write(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	for _, each := range copies {
		if err := copyAll(repository, to); err == nil || !strings.Contains(err.Error(), each.from) {
			t.Errorf("found %v, expected that %s is named", err, each.from)
		}
		put(strings.ReplaceAll(each.from, "*", "one"), "content of "+each.from)
		put("embed/go/"+each.to+"/old", "it is gone by now")
	}
	if err := copyAll(repository, to); err != nil {
		t.Fatal(err)
	}
	for _, each := range copies {
		base := filepath.Base(strings.ReplaceAll(each.from, "*", "one"))
		copied, err := os.ReadFile(filepath.Join(to, filepath.FromSlash(each.to), base))
		if string(copied) != "content of "+each.from {
			t.Errorf("%s: found %q, %v", each.from, copied, err)
		}
		if _, err := os.Stat(filepath.Join(to, filepath.FromSlash(each.to), "old")); err == nil {
			t.Errorf("%s: what is not among them is still there", each.to)
		}
	}
}
