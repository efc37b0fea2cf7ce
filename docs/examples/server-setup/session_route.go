// The session route in Go, with nothing but its standard library: API_URL=… API_KEY=… go run session_route.go
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"
)

var apiURL, apiKey = os.Getenv("API_URL"), os.Getenv("API_KEY")

// User is a user as your own login knows it.
type User struct{ ID, Name string }

// THE PLACE FOR YOUR OWN LOGIN: read your cookie or your session here. This one believes a header, which is good for
// trying things out on your own machine, and for nothing else.
var people = map[string]string{"ann": "Ann Lindqvist", "bo": "Bo Tanaka"}

func findLoggedInUser(r *http.Request) (User, bool) {
	id := r.Header.Get("x-demo-user")
	name, ok := people[id]
	return User{id, name}, ok
}

// docs:start(route)
var client = http.Client{Timeout: 4 * time.Second}

// refusal is an answer of the gateway that is not 2xx.
type refusal struct {
	Status int    `json:"statusCode"`
	Code   string `json:"code"`
}

func (r refusal) Error() string { return fmt.Sprintf("%d %s", r.Status, r.Code) }

var errDeactivated = errors.New("the user is deactivated")

func callSendsar(method, path string, body []byte, answer any) error {
	request, err := http.NewRequest(method, apiURL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("x-api-key", apiKey)
	request.Header.Set("content-type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		refused := refusal{Status: response.StatusCode}
		_ = json.NewDecoder(response.Body).Decode(&refused) // what is not ours has a status and no code
		return refused
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

func openChatSession(user User) (map[string]any, error) {
	var known struct{ DeactivatedAt *string }
	var session struct{ Token, ExpiresAt string }
	var settings struct{ Chat any }
	profile, _ := json.Marshal(map[string]string{"id": user.ID, "username": user.Name})
	if err := callSendsar("POST", "/users", profile, &known); err != nil {
		return nil, err
	}
	if known.DeactivatedAt != nil {
		return nil, errDeactivated
	}
	wish, _ := json.Marshal(map[string]string{"userId": user.ID})
	if err := callSendsar("POST", "/auth/token", wish, &session); err != nil {
		return nil, err
	}
	if err := callSendsar("GET", "/tenant/settings", nil, &settings); err != nil {
		return nil, err
	}
	return map[string]any{
		"token": session.Token, "expiresAt": session.ExpiresAt, "apiUrl": apiURL,
		"chatUserId": user.ID, "displayName": user.Name, "chatSettings": settings.Chat,
	}, nil
}

func sessionRoute(w http.ResponseWriter, r *http.Request) {
	user, ok := findLoggedInUser(r)
	if !ok {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "Log in to chat"})
		return
	}
	session, err := openChatSession(user)
	var refused refusal
	switch isRefused := errors.As(err, &refused); {
	case err == nil:
		answer(w, http.StatusOK, session)
	case errors.Is(err, errDeactivated):
		answer(w, http.StatusForbidden, map[string]string{"error": "You cannot chat any more"})
	case isRefused && refused.Status < 500 && refused.Status != http.StatusTooManyRequests:
		log.Print("unable to open a chat session: ", err)
		answer(w, http.StatusInternalServerError, map[string]string{"error": "Chat does not work right now"})
	default:
		answer(w, http.StatusServiceUnavailable, map[string]string{"error": "Chat cannot be reached right now"})
	}
}

// docs:end(route)

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("content-type", "application/json")
	w.Header().Set("cache-control", "no-store")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		log.Print("unable to answer: ", err)
	}
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "3003"
	}
	http.HandleFunc("/api/chat/session", sessionRoute)
	log.Printf("http://127.0.0.1:%s/api/chat/session", port)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}
