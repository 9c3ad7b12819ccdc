// A net/http application with the X-Ray SDK for Go. Prints "listening PORT".
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/aws/aws-xray-sdk-go/v2/xray"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	base := "http://" + listener.Addr().String()
	client := xray.Client(http.DefaultClient)
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		_ = xray.AddAnnotation(r.Context(), "customer", "c-1042")
		_ = xray.AddMetadataToNamespace(r.Context(), "shop", "cart", map[string]any{"items": []int{1, 2, 3}, "note": "grüße <☃>"})
		_ = xray.Capture(r.Context(), "validate", func(ctx context.Context) error {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/downstream", nil)
			if err != nil {
				return err
			}
			answer, err := client.Do(request)
			if err != nil {
				return err
			}
			return answer.Body.Close()
		})
		fmt.Fprint(w, "ok")
	})
	mux.HandleFunc("/downstream", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "down") })
	mux.HandleFunc("/error", func(w http.ResponseWriter, r *http.Request) {
		err := xray.Capture(r.Context(), "charge", func(context.Context) error { return errors.New("card declined") })
		http.Error(w, err.Error(), http.StatusInternalServerError)
	})
	mux.HandleFunc("/many", func(w http.ResponseWriter, r *http.Request) {
		for step := range 30 {
			_ = xray.Capture(r.Context(), fmt.Sprintf("step %d", step), func(context.Context) error { return nil })
		}
		fmt.Fprint(w, "many")
	})
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "healthy") })
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
	if err := http.Serve(listener, xray.Handler(xray.NewFixedSegmentNamer("go-shop"), mux)); err != nil {
		panic(err)
	}
}
