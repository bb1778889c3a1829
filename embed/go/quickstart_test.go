// What the README promises, followed in an empty folder.

package mergesync_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// block is the first block of that language in the README.
func block(t *testing.T, language string) string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "\n```"+language+"\n")
	text, _, ends := strings.Cut(rest, "```\n")
	if !found || !ends {
		t.Fatalf("no block of %s", language)
	}
	return text
}

// goIn runs the go tool in a folder, with no network and no workspace.
func goIn(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off", "CGO_ENABLED=0")
	output, err := command.CombinedOutput()
	return string(output), err
}

func TestTheQuickStartWorksInAnEmptyFolder(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(block(t, "go")), 0o600); err != nil {
		t.Fatal(err)
	}
	// The checksums are known, so that nobody has to be asked for them.
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600); err != nil {
		t.Fatal(err)
	}
	const path = "github.com/merge-sync/merge-sync/embed/go"
	for _, args := range [][]string{
		{"mod", "init", "quickstart"},
		{"mod", "edit", "-replace", path + "=" + here},
		{"mod", "edit", "-require", path + "@v0.1.0"},
		{"mod", "tidy"},
	} {
		if output, err := goIn(t, dir, args...); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, output)
		}
	}
	output, err := goIn(t, dir, "run", ".")
	if want := block(t, "text"); err != nil || output != want {
		t.Errorf("found %v\n%sexpected\n%s", err, output, want)
	}
	// Wazero, and what wazero needs, is all.
	required, err := goIn(t, dir, "list", "-m", "-f", "{{.Path}}", "all")
	if want := "quickstart\ngithub.com/merge-sync/merge-sync/embed/go\ngithub.com/tetratelabs/wazero\ngolang.org/x/sys\n"; err != nil || required != want {
		t.Errorf("found %v\n%sexpected\n%s", err, required, want)
	}
}

func TestABuildWithoutTheComponentSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && path != "internal" && path != filepath.Join("internal", "wire"):
			return filepath.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(dir, path), 0o700)
		case filepath.Ext(path) != ".go" && entry.Name() != "go.mod" && entry.Name() != "go.sum":
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, path), content, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	output, err := goIn(t, dir, "build", ".")
	if err == nil || !strings.Contains(output, "embed_needs_go_generate.go") ||
		!strings.Contains(output, "pattern merge-sync-text.core.wasm: no matching files found") {
		t.Errorf("found %v\n%s", err, output)
	}
	whole, err := os.ReadFile(wasmFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, wasmFile), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := goIn(t, dir, "build", "."); err != nil {
		t.Errorf("with the component: %v\n%s", err, output)
	}
}

func TestEverythingPublicIsDocumented(t *testing.T) {
	for _, dir := range []string{".", "mergehttp", "memstore", "sqlitestore", "storetest"} {
		for _, undocumented := range undocumented(t, dir) {
			t.Errorf("%s: %s has no comment", dir, undocumented)
		}
	}
}

// undocumented are the exported names of a package without a comment.
func undocumented(t *testing.T, dir string) (names []string) {
	t.Helper()
	files := token.NewFileSet()
	sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var parsed []*ast.File
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, source, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	pack, err := doc.NewFromFiles(files, parsed, "example.test/"+dir)
	if err != nil {
		t.Fatal(err)
	}
	note := func(name, comment string) {
		if strings.TrimSpace(comment) == "" {
			names = append(names, name)
		}
	}
	note("package "+pack.Name, pack.Doc)
	values := append(append([]*doc.Value{}, pack.Consts...), pack.Vars...)
	functions := append([]*doc.Func{}, pack.Funcs...)
	for _, kind := range pack.Types {
		note(kind.Name, kind.Doc)
		values = append(append(values, kind.Consts...), kind.Vars...)
		functions = append(append(functions, kind.Funcs...), kind.Methods...)
	}
	for _, value := range values {
		note(strings.Join(value.Names, ", "), value.Doc)
	}
	for _, function := range functions {
		note(function.Name, function.Doc)
	}
	if len(functions)+len(pack.Types) == 0 {
		t.Errorf("%s: nothing public", dir)
	}
	return names
}
