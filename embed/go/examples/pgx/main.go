// An example: webhooks by net/http, accounts and rows in PostgreSQL by pgx. Settings
// come from the environment:
//
//	DATABASE_URL          postgres://...
//	MERGE_API_KEY         your Merge API key
//	MERGE_WEBHOOK_SECRET  the signing key of your webhooks
//	LISTEN                address and port; 127.0.0.1:8080 where it is not set
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
	"github.com/merge-sync/merge-sync/embed/go/mergehttp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		slog.Error("stopped", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	settings := map[string]string{"DATABASE_URL": "", "MERGE_API_KEY": "", "MERGE_WEBHOOK_SECRET": ""}
	for name := range settings {
		if settings[name] = os.Getenv(name); settings[name] == "" {
			return fmt.Errorf("%s: it is not set", name)
		}
	}
	pool, err := pgxpool.New(ctx, settings["DATABASE_URL"])
	if err != nil {
		return err
	}
	defer pool.Close()
	store, err := OpenStore(ctx, pool, mergesync.SystemClock{})
	if err != nil {
		return err
	}
	component, err := mergesync.New(ctx)
	if err != nil {
		return err
	}
	defer component.Close(context.Background())
	client, err := mergehttp.New(mergehttp.Config{APIKey: mergesync.Secret(settings["MERGE_API_KEY"]), Tokens: store})
	if err != nil {
		return err
	}
	engine, err := mergesync.NewEngine(ctx, mergesync.Config{
		Component: component, Store: store, HTTP: client,
		Keys: []mergesync.Secret{mergesync.Secret(settings["MERGE_WEBHOOK_SECRET"])},
	})
	if err != nil {
		return err
	}
	address := os.Getenv("LISTEN")
	if address == "" {
		address = "127.0.0.1:8080"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := http.Server{Handler: routes(engine), ReadHeaderTimeout: 5 * time.Second}
	scheduled := make(chan struct{})
	go func() {
		mergesync.NewScheduler(engine, 4).Serve(ctx)
		close(scheduled)
	}()
	context.AfterFunc(ctx, func() { _ = server.Shutdown(context.Background()) })
	slog.Info("listening", "address", listener.Addr().String())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-scheduled
	return nil
}

// routes are Merge's webhooks, and a product's question whether it may use an account's
// data yet.
func routes(engine *mergesync.Engine) http.Handler {
	mux := http.NewServeMux()
	// To any method, and with a slash at the end: Merge never tries again after a 404.
	for _, path := range []string{"/api/webhooks/merge", "/api/webhooks/merge/{$}"} {
		mux.Handle(path, engine.WebhookHandler())
	}
	mux.HandleFunc("GET /api/accounts/{id}/readiness", func(w http.ResponseWriter, r *http.Request) {
		view, err := engine.Inspect(r.Context(), r.PathValue("id"), r.URL.Query()["required"]...)
		switch {
		case errors.Is(err, mergesync.ErrUnknownAccount):
			http.Error(w, "no such account", http.StatusNotFound)
		case err != nil:
			slog.ErrorContext(r.Context(), "readiness", "error", err)
			http.Error(w, "try again later", http.StatusInternalServerError)
		default:
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{
				"phase": view.Readiness.Phase, "ready": view.Readiness.Ready, "needed": view.Readiness.Needed,
			})
		}
	})
	return mux
}
