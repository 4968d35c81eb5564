# What whoever joins must know now; an Envoy with a token file takes it up without a restart.
mizzen ca root > roots.pem
mv roots.pem depot-1.xds-roots.pem
