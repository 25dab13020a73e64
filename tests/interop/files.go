// A static Go program. `files serve PORT FOLDER` serves and takes files over HTTP; `files get URL FILE` and
// `files put URL FILE` are its client.
package main

import (
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func serve(port, folder string) {
	files := http.FileServer(http.Dir(folder))
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			files.ServeHTTP(w, r)
			return
		}
		file, err := os.Create(filepath.Join(folder, filepath.Base(r.URL.Path)))
		must(err)
		_, err = io.Copy(file, r.Body)
		must(err)
		must(file.Close())
		w.WriteHeader(http.StatusCreated)
	})
	must(http.ListenAndServe("0.0.0.0:"+port, nil))
}

func finish(response *http.Response, err error, into io.Writer) {
	must(err)
	if response.StatusCode >= 300 {
		log.Fatal(response.Status)
	}
	_, err = io.Copy(into, response.Body)
	must(err)
	must(response.Body.Close())
}

func main() {
	switch os.Args[1] {
	case "serve":
		serve(os.Args[2], os.Args[3])
	case "get":
		response, err := http.Get(os.Args[2])
		file, failed := os.Create(os.Args[3])
		must(failed)
		finish(response, err, file)
		must(file.Close())
	case "put":
		file, err := os.Open(os.Args[3])
		must(err)
		request, err := http.NewRequest(http.MethodPut, os.Args[2], file)
		must(err)
		response, err := http.DefaultClient.Do(request)
		finish(response, err, io.Discard)
	}
}
