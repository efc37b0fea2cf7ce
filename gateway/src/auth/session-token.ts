import { SignJWT, decodeProtectedHeader, jwtVerify } from "jose";
import { limits } from "@sendsar/protocol/limits";
import { isStorableText } from "@sendsar/protocol/objects/common";

/** What a session token says. */
export interface Session {
  readonly tenantId: string;
  readonly userId: string;
  /** When it was minted, by the database's clock: what revocations are compared with. Milliseconds since the epoch. */
  readonly issuedAtMs: number;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

/** A tenant's signing key. */
export interface SessionKey {
  readonly keyId: string;
  readonly key: CryptoKey;
}

/** Finds a key by the tenant and key id that a token names. */
export type FindSessionKey = (tenantId: string, keyId: string) => Promise<CryptoKey | undefined>;

const issuer = "sendsar";
const audience = "sendsar-client";
const purpose = "session";
/**
 * `iat` counts seconds, so a token minted in the second of a revocation would be before and after it; and it is by the
 * clock of one gateway, as every time that others check.
 */
const issuedAtMsClaim = "iatms";

/** Imports the raw bytes of a signing key; imported once, it verifies four times as fast as raw bytes do. */
export const importSessionKey = (raw: Buffer): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", new Uint8Array(raw), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);

/**
 * Signs a token. `kid` names tenant and key, so the verifier knows which single key may have signed it. `now` is the
 * gateway's time.
 */
export const signSession = async (signing: SessionKey, session: Session, now: Date, tokenId: string): Promise<string> =>
  await new SignJWT({ tid: session.tenantId, typ: purpose, [issuedAtMsClaim]: session.issuedAtMs })
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: `${session.tenantId}.${signing.keyId}` })
    .setSubject(session.userId)
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(now)
    .setExpirationTime(session.expiresAt)
    .setJti(tokenId)
    .sign(signing.key);

/**
 * Verifies a token: HS256 only, with the one key its `kid` names, issuer, audience, purpose and times, a minute of
 * leeway for clocks. Answers undefined for whatever is wrong; a caller learns nothing more.
 */
export const verifySession = async (
  token: string,
  findKey: FindSessionKey,
  now: Date,
): Promise<Session | undefined> => {
  const named = readKeyId(token);
  if (!named) return undefined;
  const key = await findKey(named.tenantId, named.keyId);
  if (!key) return undefined;
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ["HS256"],
      issuer,
      audience,
      clockTolerance: limits.sessionLeewaySeconds,
      maxTokenAge: limits.sessionSecondsMax,
      currentDate: now,
      requiredClaims: ["sub", "tid", "typ", "iat", "exp", "jti"],
    });
    // Lists are valid JWT claims; ours never are.
    if (payload.aud !== audience || payload.iss !== issuer || payload["typ"] !== purpose) return undefined;
    const { iat, exp, sub } = payload;
    if (payload["tid"] !== named.tenantId || !isUserId(sub)) return undefined;
    if (iat === undefined || !Number.isSafeInteger(exp) || exp === undefined) return undefined;
    // Nobody is given more time; an `exp` of 1e308 would outlive every timer.
    if (exp - iat > limits.sessionSecondsMax) return undefined;
    // One that has it not was minted before tokens had it.
    const { [issuedAtMsClaim]: issuedAtMs = iat * 1000 } = payload;
    if (typeof issuedAtMs !== "number" || !Number.isSafeInteger(issuedAtMs)) return undefined;
    return { tenantId: named.tenantId, userId: sub, issuedAtMs, expiresAt: exp };
  } catch {
    // jose throws for every reason that a token is refused, and for nothing else.
    return undefined;
  }
};

/** Whose token it says it is. Undefined for what has not the form of a token; says nothing about whether it is good. */
export const findNamedTenant = (token: string): string | undefined => readKeyId(token)?.tenantId;

const keyIdPattern =
  /^([a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?)\.([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

/** Which key does the token say it was signed with? Undefined unless its form and header are exactly ours. */
const readKeyId = (token: string): { tenantId: string; keyId: string } | undefined => {
  if (token.length > limits.tokenCharsMax) return undefined;
  const signature = /^[\w-]+\.[\w-]+\.([\w-]+)$/.exec(token)?.[1];
  // The last character of a signature has unused bits: only one spelling of it is accepted.
  if (signature === undefined || Buffer.from(signature, "base64url").toString("base64url") !== signature)
    return undefined;
  try {
    const { alg, typ, kid, ...others } = decodeProtectedHeader(token);
    if (alg !== "HS256" || typ !== "JWT" || typeof kid !== "string" || Object.keys(others).length > 0) return undefined;
    const match = keyIdPattern.exec(kid);
    return match?.[1] !== undefined && match[2] !== undefined ? { tenantId: match[1], keyId: match[2] } : undefined;
  } catch {
    return undefined;
  }
};

const isUserId = (sub: unknown): sub is string =>
  typeof sub === "string" && sub.length > 0 && sub.length <= limits.userIdCharsMax && isStorableText(sub);
