// Every flow with openid-client, driven line by line: it prints what the person or the test must do, and reads the answer.
import * as client from "openid-client";
import { createInterface } from "node:readline";
import { webcrypto } from "node:crypto";

const [issuer, appId, uri, machineId, machineSecret, keyedId, jwk] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const tell = (value) => console.log(JSON.stringify(value));
const options = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };
const discover = (id, how) => client.discovery(new URL(issuer), id, undefined, how, options);

const app = await discover(appId, client.None());
const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const asked = client.buildAuthorizationUrl(app, {
  redirect_uri: uri,
  scope: "content:read",
  state,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
});
tell({ open: asked.href });
const callback = new URL((await lines.next()).value);
const tokens = await client.authorizationCodeGrant(app, callback, { pkceCodeVerifier: verifier, expectedState: state });
const fresh = await client.refreshTokenGrant(app, tokens.refresh_token);
const me = await client.fetchProtectedResource(app, fresh.access_token, new URL("/v1/me", issuer), "GET");
tell({ me: await me.json() });
await client.tokenRevocation(app, fresh.refresh_token);
tell({ refused: await client.refreshTokenGrant(app, fresh.refresh_token).catch((error) => error.error) });

const device = await client.initiateDeviceAuthorization(app, { scope: "content:read" });
tell({ device: device.user_code });
await lines.next();
tell({ scope: (await client.pollDeviceAuthorizationGrant(app, device)).scope });

const machine = await discover(machineId, client.ClientSecretBasic(machineSecret));
const alone = await client.clientCredentialsGrant(machine, { scope: "content:read" });
tell({ active: (await client.tokenIntrospection(machine, alone.access_token)).active });

const pair = JSON.parse(jwk);
const key = await webcrypto.subtle.importKey("jwk", pair, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
const keyed = await discover(keyedId, client.PrivateKeyJwt({ key, kid: pair.kid }));
tell({ keyed: (await client.clientCredentialsGrant(keyed)).token_type });
process.exit(0);
