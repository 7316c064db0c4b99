// Does what the widget does for a poll and for the embed page, in the way usual for Express: it reads
// and writes the same rows, seals and opens the same values, and sends the same HTML and headers. A run
// stays as it is after its start: the Partner API has answered `queued`, and is not called again.

import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto"
import { DatabaseSync } from "node:sqlite"
import { gzipSync } from "node:zlib"
import express from "express"

const [port, file] = process.argv.slice(2)
const origin = `http://127.0.0.1:${port}`
const allowedOrigins = "http://localhost:8000"
const lease = 90
const secret = process.env.WIDGET_SECRET_KEY
const hostToken = Buffer.from(process.env.WIDGET_HOST_TOKEN)

// Sealing

const derived = (purpose) => Buffer.from(hkdfSync("sha256", secret, "", purpose, 32))
const sealingKey = derived("seal")
const signingKey = derived("sign")
const indexKey = derived("index")

function seal(value) {
  const nonce = randomBytes(12)
  const cipher = createCipheriv("aes-256-gcm", sealingKey, nonce)
  const text = cipher.update(JSON.stringify(value), "utf8")
  return Buffer.concat([nonce, text, cipher.final(), cipher.getAuthTag()])
}

function open(sealed) {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  const decipher = createDecipheriv("aes-256-gcm", sealingKey, bytes.subarray(0, 12))
  decipher.setAuthTag(bytes.subarray(-16))
  const text = decipher.update(bytes.subarray(12, -16), undefined, "utf8")
  return JSON.parse(text + decipher.final("utf8"))
}

const signature = (id) => createHmac("sha256", signingKey).update(id).digest()

function verified(token) {
  const [id, given] = token.split(".")
  const wanted = signature(id)
  const sent = Buffer.from(given ?? "", "base64url")
  return sent.length === wanted.length && timingSafeEqual(sent, wanted) ? id : null
}

// Store

const database = new DatabaseSync(file)
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE sessions (
    id TEXT PRIMARY KEY, pair TEXT NOT NULL, language TEXT NOT NULL, appearance TEXT NOT NULL,
    permissions TEXT NOT NULL, origin TEXT, visit TEXT NOT NULL DEFAULT '',
    openings INTEGER NOT NULL DEFAULT 0, lease_until REAL NOT NULL, expires_at REAL NOT NULL,
    sealed_viewer_id BLOB, sealed_ids BLOB NOT NULL, sealed_request BLOB NOT NULL, sealed_cv BLOB);
  CREATE INDEX sessions_by_expiry ON sessions (expires_at);
  CREATE INDEX sessions_by_pair ON sessions (pair, lease_until);
  CREATE TABLE runs (
    pair TEXT PRIMARY KEY, run_id TEXT NOT NULL, phase TEXT NOT NULL, reason TEXT,
    canceled_by TEXT, analysis_id TEXT, left_out INTEGER NOT NULL DEFAULT 0,
    resource_at REAL NOT NULL, started_at REAL NOT NULL, ended_at REAL, poll_after REAL NOT NULL,
    busy_until REAL NOT NULL DEFAULT 0, interval REAL NOT NULL DEFAULT 10,
    failures INTEGER NOT NULL DEFAULT 0, unreadable INTEGER NOT NULL DEFAULT 0,
    give_up_at REAL NOT NULL, run_expires_at REAL NOT NULL, sealed_ids BLOB, sealed_resource BLOB);
`)
const addSession = database.prepare(`
  INSERT INTO sessions (id, pair, language, appearance, permissions, lease_until, expires_at,
    sealed_ids, sealed_request, sealed_cv)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
const addRun = database.prepare(`
  INSERT INTO runs (pair, run_id, phase, analysis_id, resource_at, started_at, poll_after,
    give_up_at, run_expires_at, sealed_resource)
  VALUES (?, ?, 'running', ?, ?, ?, ?, ?, ?, ?)`)
const find = database.prepare(`
  SELECT sessions.id, sessions.pair, language, appearance, permissions, origin, visit, openings,
    lease_until, expires_at, run_id, run_expires_at, phase, reason, canceled_by, analysis_id, left_out,
    resource_at, started_at, ended_at, poll_after, busy_until, interval, failures, unreadable,
    give_up_at, sealed_resource
  FROM sessions LEFT JOIN runs ON sessions.pair = runs.pair
  WHERE sessions.id = ?`)
const renew = database.prepare("UPDATE sessions SET lease_until = ?, expires_at = ? WHERE id = ?")
const beginVisit = database.prepare(
  "UPDATE sessions SET lease_until = ?, expires_at = ?, visit = ? WHERE id = ?",
)

// Pages

const security = {
  "Cache-Control": "no-store",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Resource-Policy": "cross-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
const policy = (nonce) =>
  `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'self'; img-src 'self'; ` +
  "connect-src 'self'; form-action 'self'; base-uri 'none'; " +
  `frame-ancestors ${allowedOrigins}; require-trusted-types-for 'script'; trusted-types htmx`
const duration = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`

function answer(request, response, session, now) {
  const nonce = randomBytes(16).toString("base64url")
  const running = session.phase === "running"
  const resource = session.sealed_resource ? open(session.sealed_resource) : {}
  const askIn = Math.min(Math.max(session.poll_after - now, 0), lease / 3)
  const context = {
    nonce,
    running,
    duration,
    base: `/embed/${request.params.token}`,
    visit: session.visit,
    sequence: Math.floor(now * 1000),
    delay: Math.ceil(askIn * 1000) + 20,
    step: { identity: 0, enrichment: 1, report: 2 }[resource.stage] ?? 0,
    elapsed: Math.floor(now - session.started_at),
    quickSignal: resource.quick_signal,
    signals: resource.signals ?? [],
    appearance: JSON.parse(session.appearance),
    hosts: session.origin ?? allowedOrigins,
  }
  response.render(request.get("HX-Request") ? "widget" : "page", context, (error, html) => {
    if (error) throw error
    response.set("Content-Security-Policy", policy(nonce))
    response.set("Vary", "HX-Request, Accept-Language, Accept-Encoding")
    if (!request.acceptsEncodings("gzip")) return response.send(html)
    response.set("Content-Encoding", "gzip").type("html")
    response.send(gzipSync(html, { level: 1 }))
  })
}

// Addresses

const app = express()
app.set("view engine", "ejs").set("etag", false).disable("x-powered-by")
app.set("views", import.meta.dirname + "/views")

app.use((request, response, next) => {
  const began = performance.now()
  const id = request.get("X-Request-Id") ?? randomBytes(12).toString("base64url")
  response.set(security).set("X-Request-Id", id)
  response.on("finish", () => {
    const line = {
      timestamp: new Date().toISOString(),
      level: "info",
      event: "request",
      method: request.method,
      route: request.route?.path ?? "-",
      status: response.statusCode,
      milliseconds: Math.round((performance.now() - began) * 10) / 10,
      request_id: id,
    }
    process.stderr.write(JSON.stringify(line) + "\n")
  })
  next()
})

app.get("/healthz", (request, response) => response.sendStatus(200))

app.post("/api/v1/sessions", express.json({ limit: "2mb" }), (request, response) => {
  const given = Buffer.from(request.get("Authorization")?.replace("Bearer ", "") ?? "")
  if (given.length !== hostToken.length || !timingSafeEqual(given, hostToken))
    return response.sendStatus(401)
  const { language, client, candidate: { cv, ...candidate } } = request.body
  const id = randomBytes(16).toString("base64url")
  const ids = [client.id, candidate.id]
  const pair = createHmac("sha256", indexKey).update(JSON.stringify(ids)).digest("hex")
  const now = Date.now() / 1000
  const appearance = { theme: "auto", font: "system", density: "comfortable", radius: "small" }
  addSession.run(
    ...[id, pair, language, JSON.stringify(appearance), "run view", now, now + 3600],
    ...[seal(ids), seal({ language, client, candidate }), cv === undefined ? null : seal(cv)],
  )
  const token = `${id}.${signature(id).toString("base64url")}`
  const expires_at = new Date((now + 3600) * 1000)
  response.status(201).json({ token, embed_url: `${origin}/embed/${token}`, expires_at })
})

app.param("token", (request, response, next, token) => {
  const id = verified(token)
  if (id === null) return response.sendStatus(404)
  request.session = find.get(id)
  const now = Date.now() / 1000
  if (!request.session || request.session.expires_at <= now) return response.sendStatus(410)
  next()
})

app.get("/embed/:token", (request, response) => {
  const { session } = request
  const now = Date.now() / 1000
  session.visit = randomBytes(6).toString("base64url")
  beginVisit.run(now + lease, now + 3600, session.visit, session.id)
  answer(request, response, session, now)
})

app.get("/embed/:token/run", (request, response) => {
  const { session } = request
  const now = Date.now() / 1000
  if (now + lease - session.lease_until >= 5) renew.run(now + lease, now + 3600, session.id)
  answer(request, response, session, now)
})

app.post("/embed/:token/run", (request, response) => {
  const { id, pair } = request.session
  const now = Date.now() / 1000
  const resource = seal({ status: "queued" })
  addRun.run(pair, id, id, now, now, now + 3600, now + 3600, now + 31_536_000, resource)
  answer(request, response, find.get(id), now)
})

app.listen(Number(port), "127.0.0.1")
