package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// credentials returns franz-go's options for who this is: AETHER_SASL is SCRAM-SHA-512 or OAUTHBEARER,
// AETHER_USER and AETHER_PASSWORD are a user or a client, AETHER_TOKEN_URL gives the latter tokens.
// AETHER_CA is a file with who vouches for brokers over TLS.
func credentials() ([]kgo.Opt, error) {
	options := []kgo.Opt{}
	user, password := os.Getenv("AETHER_USER"), os.Getenv("AETHER_PASSWORD")
	switch os.Getenv("AETHER_SASL") {
	case "SCRAM-SHA-512":
		options = append(options, kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha512Mechanism()))
	case "OAUTHBEARER":
		options = append(options, kgo.SASL(oauth.Oauth(func(ctx context.Context) (oauth.Auth, error) {
			token, err := tokenOf(ctx, os.Getenv("AETHER_TOKEN_URL"), user, password)
			return oauth.Auth{Token: token}, err
		})))
	}
	if path := os.Getenv("AETHER_CA"); path != "" {
		authority, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		trusted := x509.NewCertPool()
		trusted.AppendCertsFromPEM(authority)
		options = append(options, kgo.DialTLSConfig(&tls.Config{RootCAs: trusted}))
	}
	return options, nil
}

// tokenOf asks for a token by OAuth's client credentials.
func tokenOf(ctx context.Context, address, client, secret string) (string, error) {
	form := strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, form)
	if err != nil {
		return "", err
	}
	request.SetBasicAuth(client, secret)
	request.Header.Set("content-type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("no token from %s: %s", address, answer.Status)
	}
	var told struct {
		AccessToken string `json:"access_token"`
	}
	err = json.NewDecoder(answer.Body).Decode(&told)
	return told.AccessToken, err
}
