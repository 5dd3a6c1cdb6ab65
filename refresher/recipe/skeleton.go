package recipe

// skeleton is what New starts a recipe with.
const skeleton = `language = 1
about    = "NAME: what it is for, in one line"
value    = "${cred.token}"

[param.username]
help = "user name"
[param.password]
help = "password"
type = "secret"
[param.url]
help    = "the API's address"
type    = "url"
default = "https://api.example.com"

[[login]]
url  = "${url}/login"
json = { user = "${username}", password = "${password}" }
get  = { token = "${answer.body|json:/token}" }

# A wrong password that is not answered with 401 or 403 needs a rule, or it
# would be tried again:
# [[login.fail]]
# of    = "${answer.body|json:/error}"
# is    = "bad credentials"
# class = "refused"

[lifetime]                       # what is absent is unknown; the smallest known wins
in  = "${answer.body|json:/expires_in}"
jwt = "${cred.token}"

[[apply]]
headers = { Authorization = "Bearer ${cred.token}" }

[[vector]]
name   = "log in"
params = { username = "u", password = "p" }
expect = { value = "T", lives = 60 }
[[vector.step]]
send   = { url = "https://api.example.com/login", body = '{"user":"u","password":"p"}' }
answer = { body = '{"token":"T","expires_in":60}' }
[[vector]]
name   = "a wrong password stops"
params = { username = "u", password = "p" }
expect = { class = "refused" }
[[vector.step]]
answer = { status = 401 }
[[vector]]
name    = "use"
params  = { username = "u", password = "p" }
cred    = { token = "T" }
request = { url = "https://api.example.com/v1/things" }
expect  = { headers = { Authorization = "Bearer T" } }
`
