package aethergrid

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hamba/avro/v2"
)

// Schemas is where schemas come from.
type Schemas interface {
	// Latest returns the newest schema of an event on a topic.
	Latest(ctx context.Context, topic, name string) (Schema, error)
	// Of returns the schema of an id.
	Of(ctx context.Context, id int) (Schema, error)
}

// Registry is a schema registry that speaks Confluent's API; what it said once holds for ever.
type Registry struct {
	url    string
	client *http.Client
	user   *url.Userinfo
	mutex  sync.Mutex
	known  map[string]Schema
}

// NewRegistry returns a registry at an address, which may hold a user and password.
func NewRegistry(address string) (*Registry, error) {
	at, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%w: this is no address of a registry", ErrUnreachable) // it may hold a password
	}
	user := at.User
	at.User = nil
	return &Registry{
		url: strings.TrimSuffix(at.String(), "/"), user: user,
		client: &http.Client{Timeout: 10 * time.Second}, known: map[string]Schema{},
	}, nil
}

// Latest asks for the newest version of {topic}-{name} (TopicRecordNameStrategy).
func (r *Registry) Latest(ctx context.Context, topic, name string) (Schema, error) {
	subject := url.PathEscape(topic + "-" + name)
	return r.ask(ctx, "/subjects/"+subject+"/versions/latest", "no event "+name+" on "+topic)
}

// Of asks for the schema of an id.
func (r *Registry) Of(ctx context.Context, id int) (Schema, error) {
	found, err := r.ask(ctx, fmt.Sprint("/schemas/ids/", id), fmt.Sprint("no schema ", id))
	found.ID = id
	return found, err
}

func (r *Registry) ask(ctx context.Context, path, missing string) (Schema, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if found, ok := r.known[path]; ok {
		return found, nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+path, nil)
	if err != nil {
		return Schema{}, fmt.Errorf("%w: %v", ErrUnreachable, err)
	}
	request.Header.Set("accept", "application/json")
	if r.user != nil {
		password, _ := r.user.Password()
		request.SetBasicAuth(r.user.Username(), password)
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return Schema{}, fmt.Errorf("%w: no answer from the registry: %v", ErrUnreachable, err)
	}
	defer answer.Body.Close()
	switch {
	case answer.StatusCode == http.StatusNotFound:
		return Schema{}, fmt.Errorf("%w: the registry at %s knows %s", ErrBadEvent, r.url, missing)
	case answer.StatusCode != http.StatusOK:
		return Schema{}, fmt.Errorf("%w: the registry at %s says %s", ErrUnreachable, r.url, answer.Status)
	}
	var told struct {
		ID     int
		Schema string
	}
	if err := json.NewDecoder(answer.Body).Decode(&told); err != nil {
		return Schema{}, fmt.Errorf("%w: this is no registry's answer: %v", ErrUnreachable, err)
	}
	parsed, err := parse(told.Schema)
	if err != nil {
		return Schema{}, err
	}
	r.known[path] = Schema{told.ID, parsed}
	return r.known[path], nil
}

// parse reads a schema apart from all others: two events may hold different versions of a record.
func parse(text string) (avro.Schema, error) {
	schema, err := avro.ParseBytesWithCache([]byte(text), "", &avro.SchemaCache{})
	if err != nil {
		return nil, fmt.Errorf("%w: this is no schema: %v", ErrBadEvent, err)
	}
	return schema, nil
}
