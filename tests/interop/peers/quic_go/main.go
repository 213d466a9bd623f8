// An HTTP/3 peer on quic-go: `quic_go serve PORT CERT KEY`, `quic_go get URL CA` for a whole set of requests or
// `quic_go one URL CA` for one, or `quic_go burst URL CA N` for N at once, with ?0 to ?N-1, of which it prints those
// that went well. The server prints `ready`, then a line for each upload (`upload N complete` or
// `upload N aborted`); the client prints what it saw as one line of JSON.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go/http3"
)

func handle(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == "POST" && r.URL.Path == "/sink":
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			fmt.Printf("upload %d aborted\n", n)
			return
		}
		fmt.Printf("upload %d complete\n", n)
		fmt.Fprintf(w, "%d", n)
	case r.Method == "POST":
		w.WriteHeader(200)
		io.Copy(w, r.Body)
	case strings.HasPrefix(r.URL.Path, "/bytes/"):
		n, _ := strconv.Atoi(r.URL.Path[7:])
		w.Header().Set("Content-Length", strconv.Itoa(n))
		block := bytes.Repeat([]byte("x"), 1<<16)
		for n > 0 {
			size := min(n, len(block))
			if _, err := w.Write(block[:size]); err != nil {
				return
			}
			n -= size
		}
	case r.URL.Path == "/trailers":
		w.Header().Set("Trailer", "x-sum")
		io.WriteString(w, "body")
		w.Header().Set("x-sum", "42")
	case r.URL.Path == "/early":
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(103)
		io.WriteString(w, "Hello world\n")
	case r.URL.Path == "/abort":
		io.WriteString(w, strings.Repeat("x", 10000))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	default:
		io.WriteString(w, "Hello world\n")
	}
}

func serve(port, cert, key string) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		log.Fatal(err)
	}
	server := http3.Server{
		Addr:      "127.0.0.1:" + port,
		Handler:   http.HandlerFunc(handle),
		TLSConfig: http3.ConfigureTLSConfig(&tls.Config{Certificates: []tls.Certificate{pair}}),
	}
	fmt.Println("ready")
	log.Fatal(server.ListenAndServe())
}

type seen struct {
	Status   int               `json:"status"`
	Bytes    int64             `json:"bytes"`
	Sha256   string            `json:"sha256"`
	Interim  []int             `json:"interim,omitempty"`
	Trailers map[string]string `json:"trailers,omitempty"`
	Error    string            `json:"error,omitempty"`
}

func exchange(client *http.Client, method, url string, body io.Reader) seen {
	var result seen
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
		result.Interim = append(result.Interim, code)
		return nil
	}}
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), trace), method, url, body)
	if err != nil {
		return seen{Error: err.Error()}
	}
	response, err := client.Do(request)
	if err != nil {
		return seen{Error: err.Error()}
	}
	defer response.Body.Close()
	digest := sha256.New()
	result.Status = response.StatusCode
	result.Bytes, err = io.Copy(digest, response.Body)
	if err != nil {
		result.Error = err.Error()
	}
	result.Sha256 = hex.EncodeToString(digest.Sum(nil))
	result.Trailers = map[string]string{}
	for name := range response.Trailer {
		result.Trailers[strings.ToLower(name)] = response.Trailer.Get(name)
	}
	return result
}

func newClient(ca string) (*http.Client, *http3.Transport) {
	pem, err := os.ReadFile(ca)
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	transport := &http3.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	return &http.Client{Transport: transport}, transport
}

func one(url, ca string) {
	client, transport := newClient(ca)
	defer transport.Close()
	json.NewEncoder(os.Stdout).Encode(exchange(client, "GET", url, nil))
}

func get(url, ca string) {
	client, transport := newClient(ca)
	defer transport.Close()
	report := map[string]any{}
	for _, size := range []int{0, 1, 1 << 16, 64 << 20} {
		body := bytes.Repeat([]byte("tandem 7"), size/8+1)[:size]
		sum := sha256.Sum256(body)
		report[fmt.Sprintf("down%d", size)] = exchange(client, "GET", fmt.Sprintf("%s/bytes/%d", url, size), nil)
		report[fmt.Sprintf("echo%d", size)] = exchange(client, "POST", url+"/", bytes.NewReader(body))
		report[fmt.Sprintf("sent%d", size)] = hex.EncodeToString(sum[:])
	}
	report["early"] = exchange(client, "GET", url+"/early", nil)
	report["trailers"] = exchange(client, "GET", url+"/trailers", nil)
	report["abort"] = exchange(client, "GET", url+"/abort", nil)
	var good atomic.Int64
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			if r := exchange(client, "GET", url+"/bytes/1000", nil); r.Status == 200 && r.Bytes == 1000 && r.Error == "" {
				good.Add(1)
			}
		})
	}
	group.Wait()
	report["many"] = good.Load()
	json.NewEncoder(os.Stdout).Encode(report)
}

func burst(url, ca, count string) {
	client, transport := newClient(ca)
	defer transport.Close()
	n, err := strconv.Atoi(count)
	if err != nil {
		log.Fatal(err)
	}
	good := make([]bool, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			r := exchange(client, "GET", fmt.Sprintf("%s?%d", url, i), nil)
			good[i] = r.Status == 200 && r.Error == ""
		})
	}
	group.Wait()
	ids := []int{}
	for i, ok := range good {
		if ok {
			ids = append(ids, i)
		}
	}
	json.NewEncoder(os.Stdout).Encode(ids)
}

func main() {
	switch {
	case len(os.Args) == 5 && os.Args[1] == "serve":
		serve(os.Args[2], os.Args[3], os.Args[4])
	case len(os.Args) == 4 && os.Args[1] == "get":
		get(os.Args[2], os.Args[3])
	case len(os.Args) == 4 && os.Args[1] == "one":
		one(os.Args[2], os.Args[3])
	case len(os.Args) == 5 && os.Args[1] == "burst":
		burst(os.Args[2], os.Args[3], os.Args[4])
	default:
		log.Fatal("usage: quic_go serve PORT CERT KEY | quic_go get|one URL CA")
	}
}
