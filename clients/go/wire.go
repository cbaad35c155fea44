package aethergrid

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/kgo"
)

// codec takes texts as long as a record may be, and writes arrays as everybody does: in one block,
// without its size.
var codec = avro.Config{MaxByteSliceSize: 4 << 20, BlockLength: 1 << 20, DisableBlockSizeHeader: true}.Freeze()

const prefixSize = 5

// Place is where a record stands, and the id of its event.
type Place struct {
	Topic     string
	Partition int32
	Offset    int64
	EventID   string
}

// Event is an event as read from the log; Name is its Avro name, RunID empty outside of a run.
type Event struct {
	Place
	Name, Key, RunID, CauseID string
	At                        time.Time // when the broker appended it
	Value                     map[string]any
	DataRef                   string // where in the object store a payload too large for Value lies
	Headers                   map[string]string

	schema avro.Schema
	body   []byte
}

// Decode reads the event into a type that was generated from its schema.
func (e *Event) Decode(into any) error {
	if e.DataRef != "" {
		return fmt.Errorf("%w: the payload lies in the object store at %s", ErrBadEvent, e.DataRef)
	}
	return decode(e.schema, e.body, into)
}

// Schema is a schema as the registry has it.
type Schema struct {
	ID     int
	Schema avro.Schema
}

func (s Schema) name() string { return s.Schema.(avro.NamedSchema).FullName() }

func topicOf(name string) string {
	area := strings.Split(name, ".")[1]
	if area == "chunks" {
		return "aether.chunks"
	}
	return "aether." + area + ".events"
}

func encode(schema Schema, value any) ([]byte, error) {
	body, err := codec.Marshal(schema.Schema, value)
	if err != nil {
		return nil, fmt.Errorf("%w: this is no %s: %v", ErrBadEvent, schema.name(), err)
	}
	frame := make([]byte, prefixSize, prefixSize+len(body))
	binary.BigEndian.PutUint32(frame[1:], uint32(schema.ID))
	return append(frame, body...), nil
}

func schemaIDOf(frame []byte) (int, error) {
	if len(frame) < prefixSize || frame[0] != 0 {
		return 0, fmt.Errorf("%w: not in Confluent's wire format", ErrBadEvent)
	}
	return int(binary.BigEndian.Uint32(frame[1:])), nil
}

// decode reads a body; every byte of it must be used.
func decode(schema avro.Schema, body []byte, into any) error {
	reader := avro.NewReader(nil, 0, avro.WithReaderConfig(codec)).Reset(body)
	reader.ReadVal(schema, into)
	if reader.Error == nil {
		if reader.Peek(); errors.Is(reader.Error, io.EOF) {
			return nil
		}
		return fmt.Errorf("%w: bytes are left over", ErrBadEvent)
	}
	return fmt.Errorf("%w: %v", ErrBadEvent, reader.Error)
}

// header is what is said of an event that is new to the log.
type header struct {
	name, eventID, source, runID, causeID string
	at                                    time.Time
	trace                                 map[string]string
}

func (h header) records() []kgo.RecordHeader {
	head := []kgo.RecordHeader{}
	add := func(name, said string) {
		if said != "" {
			head = append(head, kgo.RecordHeader{Key: name, Value: []byte(said)})
		}
	}
	add("ce_id", h.eventID)
	add("ce_type", h.name+".v1")
	add("ce_specversion", "1.0")
	add("ce_source", h.source)
	add("ce_time", h.at.UTC().Format("2006-01-02T15:04:05.000Z"))
	add("ce_causationid", h.causeID)
	add("ce_correlationid", h.runID)
	for name, said := range h.trace {
		add(name, said)
	}
	return head
}

// opened puts a record into words; without headers its id follows from its place.
func opened(schema Schema, record *kgo.Record) (*Event, error) {
	head := map[string]string{}
	for _, each := range record.Headers {
		head[each.Key] = string(each.Value)
	}
	place := Place{record.Topic, record.Partition, record.Offset, head["ce_id"]}
	if place.EventID == "" {
		place.EventID = Derived(place.Topic, place.Partition, place.Offset)
	}
	event := &Event{
		Place: place, Name: schema.name(), Key: string(record.Key), At: record.Timestamp,
		RunID: head["ce_correlationid"], CauseID: head["ce_causationid"],
		DataRef: head["ce_dataref"], Headers: head,
		schema: schema.Schema, body: record.Value[prefixSize:],
	}
	if event.DataRef == "" {
		if err := event.Decode(&event.Value); err != nil {
			return nil, err
		}
	}
	if run, ok := event.Value["run_id"].(string); ok && event.RunID == "" {
		event.RunID = run
	}
	return event, nil
}
