// A whole Kubernetes API for tests in one process: etcd in a folder and the real kube-apiserver in front of it. No controllers, no kubelet.
//
// Usage: kube-apiserver -etcd-folder DIR -etcd-port N -- FLAGS OF kube-apiserver
package main

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	folder := flag.String("etcd-folder", "", "folder that etcd keeps its data in")
	port := flag.Int("etcd-port", 0, "port of etcd on 127.0.0.1; the next one is taken for its peers")
	flag.Parse()
	if *folder == "" || *port == 0 {
		fmt.Fprintln(os.Stderr, "-etcd-folder and -etcd-port are needed")
		os.Exit(2)
	}
	client, err := startEtcd(*folder, *port)
	if err != nil {
		fmt.Fprintln(os.Stderr, "etcd:", err)
		os.Exit(1)
	}
	command := app.NewAPIServerCommand()
	command.SetArgs(append([]string{"--etcd-servers=" + client}, flag.Args()...))
	os.Exit(cli.Run(command))
}

// startEtcd runs etcd in this process and returns the address for its clients once it is ready. It does not sync to disk: a test that
// loses power starts anew.
func startEtcd(folder string, port int) (string, error) {
	config := embed.NewConfig()
	config.Dir = folder
	config.LogLevel = "error"
	config.UnsafeNoFsync = true
	client := url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}
	peer := url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port+1)}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	server, err := embed.StartEtcd(config)
	if err != nil {
		return "", err
	}
	select {
	case <-server.Server.ReadyNotify():
		return client.String(), nil
	case err := <-server.Err():
		return "", err
	case <-time.After(30 * time.Second):
		return "", fmt.Errorf("not ready within 30 s")
	}
}
