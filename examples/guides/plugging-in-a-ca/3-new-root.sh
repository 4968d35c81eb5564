# A new root is trusted beside the old one before anything is signed below it …
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/O=Example/CN=Example root 2" \
  -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout root2-key.pem -out root2-cert.pem
cat root-cert.pem root2-cert.pem > both.pem
mv both.pem cacerts/root-cert.pem
