# The session route in Ruby, as a Rack application: API_URL=… API_KEY=… rackup --host 127.0.0.1 --port 3003 session_route.ru

require "json"
require "net/http"

# THE PLACE FOR YOUR OWN LOGIN: read your cookie or your session here. This one believes a header, which is good for
# trying things out on your own machine, and for nothing else.
def find_logged_in_user(env)
  people = { "ann" => "Ann Lindqvist", "bo" => "Bo Tanaka" }
  id = env["HTTP_X_DEMO_USER"]
  { id: id, name: people[id] } if people.key?(id)
end

# docs:start(route)
class Refusal < StandardError
  attr_reader :status

  def initialize(status, code)
    super("#{status} #{code}")
    @status = status
  end
end

# Answers the body. Raises a Refusal with the status and the code of the gateway.
def call_sendsar(request_class, path, body = nil)
  uri = URI(ENV.fetch("API_URL") + path)
  request = request_class.new(uri, "x-api-key" => ENV.fetch("API_KEY"), "content-type" => "application/json")
  request.body = JSON.generate(body) if body
  options = { use_ssl: uri.scheme == "https", open_timeout: 4, read_timeout: 4 }
  response = Net::HTTP.start(uri.host, uri.port, options) { |http| http.request(request) }
  answer = JSON.parse(response.body)
  raise Refusal.new(response.code.to_i, answer["code"]) unless response.is_a?(Net::HTTPSuccess)

  answer
end

# Answers the status and the body of the session route, for a user who is logged in.
def open_chat_session(user)
  known = call_sendsar(Net::HTTP::Post, "/users", { id: user[:id], username: user[:name] })
  return [403, { error: "You cannot chat any more" }] if known["deactivatedAt"]

  session = call_sendsar(Net::HTTP::Post, "/auth/token", { userId: user[:id] })
  settings = call_sendsar(Net::HTTP::Get, "/tenant/settings")
  [200, {
    token: session["token"],
    expiresAt: session["expiresAt"],
    apiUrl: ENV.fetch("API_URL"),
    chatUserId: user[:id],
    displayName: user[:name],
    chatSettings: settings["chat"]
  }]
rescue Refusal => e
  return [503, { error: "Chat cannot be reached right now" }] if e.status == 429 || e.status >= 500

  warn("unable to open a chat session: #{e.message}")
  [500, { error: "Chat does not work right now" }]
rescue SystemCallError, IOError, Timeout::Error, JSON::ParserError
  [503, { error: "Chat cannot be reached right now" }]
end
# docs:end(route)

run(lambda do |env|
  user = find_logged_in_user(env) if env["PATH_INFO"] == "/api/chat/session"
  status, body = user ? open_chat_session(user) : [401, { error: "Log in to chat" }]
  [status, { "content-type" => "application/json", "cache-control" => "no-store" }, [JSON.generate(body)]]
end)
