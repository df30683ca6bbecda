// A real OpenID provider for tests: any login, whose e-mail is login@tinh.example; logins that begin with "khong-" are not verified.
import { Provider } from "oidc-provider";

const [port, redirect] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "lantoa", client_secret: "s".repeat(43), redirect_uris: [redirect] }],
  claims: { email: ["email", "email_verified"] },
  pkce: { required: () => true },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@tinh.example`, email_verified: !id.startsWith("khong-") }),
  }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
