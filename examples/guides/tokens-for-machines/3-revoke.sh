mizzen token list                # ids, identities and ends; never the tokens
mizzen token revoke "$(mizzen token list --json | node -pe 'JSON.parse(require("fs").readFileSync(0)).at(-1).id')"
