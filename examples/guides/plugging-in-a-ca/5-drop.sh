# … and once every certificate of the old root has turned over (they live 24 hours), that one is no longer trusted.
cp root2-cert.pem cacerts/next-root.pem
mv cacerts/next-root.pem cacerts/root-cert.pem
