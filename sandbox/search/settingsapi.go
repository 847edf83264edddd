package search

import (
	"encoding/json"
	"net/http"
	"reflect"
)

func (s *Server) settingsRoutes(on handle) {
	on("GET /indexes/{uid}/settings", "settings.get", s.getSettings)
	on("PATCH /indexes/{uid}/settings", "settings.update", s.patchSettings)
	on("DELETE /indexes/{uid}/settings", "settings.update", s.resetSettings)
	on("GET /indexes/{uid}/settings/{name}", "settings.get", s.getSetting)
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		on(method+" /indexes/{uid}/settings/{name}", "settings.update", s.putSetting)
	}
}

func (s *Server) getSettings(w http.ResponseWriter, r *http.Request) error {
	h, err := s.index(r.PathValue("uid"))
	if err != nil {
		return err
	}
	updateResult(w, http.StatusOK, h.meta.Settings)
	return nil
}

func (s *Server) patchSettings(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(w, r, 8<<20)
	if err != nil {
		return err
	}
	return s.takeSettings(w, r, body)
}

// takeSettings refuses at once what is wrong whatever the index is like.
func (s *Server) takeSettings(w http.ResponseWriter, r *http.Request, patch []byte) error {
	if _, bad := defaultSettings().patched(patch); bad != nil {
		return bad
	}
	var details map[string]any
	if err := json.Unmarshal(patch, &details); err != nil {
		return invalid("malformed_payload", "The settings are not a JSON object.")
	}
	return s.accept(w, &task{Type: typeSettings, IndexUID: r.PathValue("uid"), Details: details, Input: &input{Settings: patch}}, nil)
}

func (s *Server) resetSettings(w http.ResponseWriter, r *http.Request) error {
	patch := map[string]any{}
	for _, name := range settingNames() {
		patch[name] = nil
	}
	b, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	return s.takeSettings(w, r, b)
}

func settingNames() []string {
	var names []string
	t := reflect.TypeFor[settings]()
	for i := range t.NumField() {
		names = append(names, t.Field(i).Tag.Get("json"))
	}
	return names
}

// settingName finds a setting by its address.
func settingName(r *http.Request) (string, error) {
	for _, name := range settingNames() {
		if kebab(name) == r.PathValue("name") {
			return name, nil
		}
	}
	return "", newError(http.StatusNotFound, "invalid_request", "not_found", "There is no such setting.")
}

func (s *Server) getSetting(w http.ResponseWriter, r *http.Request) error {
	name, err := settingName(r)
	if err != nil {
		return err
	}
	h, err := s.index(r.PathValue("uid"))
	if err != nil {
		return err
	}
	v, _ := h.meta.Settings.field(name)
	updateResult(w, http.StatusOK, v.Interface())
	return nil
}

func (s *Server) putSetting(w http.ResponseWriter, r *http.Request) error {
	name, err := settingName(r)
	if err != nil {
		return err
	}
	body := []byte("null")
	if r.Method != http.MethodDelete {
		if body, err = readBody(w, r, 8<<20); err != nil {
			return err
		}
	}
	if !json.Valid(body) {
		return invalid("malformed_payload", "The json payload provided is malformed.")
	}
	patch, err := json.Marshal(map[string]json.RawMessage{name: body})
	if err != nil {
		return err
	}
	return s.takeSettings(w, r, patch)
}
